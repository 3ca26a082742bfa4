package courier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What is wrong with a link.
var (
	ErrLinkSignature = errors.New("the link is not one of ours, or was changed")
	ErrLinkEnded     = errors.New("the link has ended")
)

const (
	leastLinkKey  = 32 // octets, as long as the hash
	linkEnds      = "ends"
	linkSignature = "signature"
)

// Links signs paths, so that who has a link may fetch what is there until it ends, without a
// password. Who holds the key can make every link.
type Links struct {
	base *url.URL
	key  []byte
}

// NewLinks takes the address under which the paths are reached, as in
// https://gatepost.example.com, and a key of at least 32 random octets.
func NewLinks(base string, key []byte) (*Links, error) {
	u, err := targetURL(base)
	switch {
	case err != nil || u.RawQuery != "":
		return nil, fmt.Errorf("base: %q is no address that paths can follow: write it as in "+
			"https://gatepost.example.com", base)
	case len(key) < leastLinkKey:
		return nil, fmt.Errorf("key: it has %d octets, and must have %d at least: make one with "+
			"\"openssl rand 32\"", len(key), leastLinkKey)
	}
	return &Links{base: u, key: key}, nil
}

// Sign is the link to a path, which begins with a slash, that ends at a time; parts of a second
// are left out.
func (l *Links) Sign(path string, until time.Time) string {
	ends := strconv.FormatInt(until.Unix(), 10)
	to := *l.base
	to.Path, to.RawPath = strings.TrimSuffix(to.Path, "/")+path, ""
	to.RawQuery = url.Values{linkEnds: {ends}, linkSignature: {l.signature(path, ends)}}.Encode()
	return to.String()
}

// Check is ErrLinkSignature or ErrLinkEnded if what was asked for is not to be had by its link.
// Path is the one that was signed. When the link ends is looked at behind the signature.
func (l *Links) Check(path string, query url.Values, now time.Time) error {
	ends, given := query[linkEnds], query[linkSignature]
	if len(ends) != 1 || len(given) != 1 ||
		!hmac.Equal([]byte(given[0]), []byte(l.signature(path, ends[0]))) {
		return ErrLinkSignature
	}
	until, err := strconv.ParseInt(ends[0], 10, 64)
	if err != nil {
		return ErrLinkSignature
	}
	if !now.Before(time.Unix(until, 0)) {
		return ErrLinkEnded
	}
	return nil
}

// signature is over the time and the path. With the length of the first no other pair gives the
// same text; the first line keeps the key's other uses apart.
func (l *Links) signature(path, ends string) string {
	mac := hmac.New(sha256.New, l.key)
	fmt.Fprintf(mac, "gatepost link\n%d\n%s\n%s", len(ends), ends, path)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
