package courier

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestLinks(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	until := time.Unix(1795946400, 999)
	for _, test := range []struct{ base, path, want string }{
		{"https://gatepost.test", "/raw/7", "https://gatepost.test/raw/7?ends=1795946400&signature="},
		{"http://gatepost.test:8080/mail/", "/raw/a b?", "http://gatepost.test:8080/mail/raw/a%20b%3F?"},
	} {
		links, err := NewLinks(test.base, key)
		if err != nil {
			t.Fatal(err)
		}
		link := links.Sign(test.path, until)
		if !strings.HasPrefix(link, test.want) {
			t.Errorf("%s, want %s…", link, test.want)
		}
		to, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		q := to.Query()
		with := func(name string, values ...string) url.Values {
			changed := url.Values{linkEnds: q[linkEnds], linkSignature: q[linkSignature]}
			changed[name] = values
			return changed
		}
		last := q.Get(linkSignature)[42:]
		other := map[string]string{"A": "E"}[last]
		if other == "" {
			other = "A"
		}
		anotherKey, err := NewLinks(test.base, bytes.Repeat([]byte{8}, 32))
		if err != nil {
			t.Fatal(err)
		}
		for _, try := range []struct {
			name  string
			links *Links
			path  string
			query url.Values
			now   time.Time
			want  error
		}{
			{"good", links, test.path, q, time.Unix(1795946399, 999), nil},
			{"long before", links, test.path, q, time.Unix(0, 0), nil},
			{"ended", links, test.path, q, time.Unix(1795946400, 0), ErrLinkEnded},
			{"another path", links, test.path + "0", q, time.Unix(0, 0), ErrLinkSignature},
			{"another key", anotherKey, test.path, q, time.Unix(0, 0), ErrLinkSignature},
			{"later", links, test.path, with(linkEnds, "1795946401"), time.Unix(0, 0), ErrLinkSignature},
			{"the same time otherwise", links, test.path, with(linkEnds, "+1795946400"), time.Unix(0, 0),
				ErrLinkSignature},
			{"two times", links, test.path, with(linkEnds, "1795946400", "1795946401"), time.Unix(0, 0),
				ErrLinkSignature},
			{"no time", links, test.path, with(linkEnds), time.Unix(0, 0), ErrLinkSignature},
			{"no signature", links, test.path, with(linkSignature), time.Unix(0, 0), ErrLinkSignature},
			{"empty signature", links, test.path, with(linkSignature, ""), time.Unix(0, 0), ErrLinkSignature},
			{"one octet", links, test.path, with(linkSignature, q.Get(linkSignature)[:42]+other), time.Unix(0, 0),
				ErrLinkSignature},
		} {
			if err := try.links.Check(try.path, try.query, try.now); !errors.Is(err, try.want) {
				t.Errorf("%s, %s: %v, want %v", test.path, try.name, err, try.want)
			}
		}
	}
}

func TestLinkSettings(t *testing.T) {
	for _, test := range []struct {
		base string
		key  int
		want string
	}{
		{"gatepost.test", 32, "base: \"gatepost.test\" is no address that paths can follow"},
		{"https://gatepost.test/?a=b", 32, "is no address that paths can follow"},
		{"https://gatepost.test", 31, "key: it has 31 octets, and must have 32 at least"},
	} {
		if _, err := NewLinks(test.base, make([]byte, test.key)); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
