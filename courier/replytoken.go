package courier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"gatepost/message"
)

const (
	tokenOctets = 20 // 32 letters and digits in base32, without a rest
	tokenSigned = 8  // of them: 6 of the ticket, 2 of the day; the rest is the signature
	longestPart = 64 // octets of a local part (RFC 5321, section 4.5.3.1.1)
	longestPath = 254
)

// ReplyTokens sign the number of a ticket into an address, so that a reply to that is known to be
// of the ticket whatever a mail program makes of its header. They prove nothing of who writes. Who
// holds the key can make every token.
type ReplyTokens struct {
	Key  []byte        // of at least 32 random octets; another key ends what was issued
	Life time.Duration // of a token from the day of its issue, in whole days
}

// Address is a recipient of ours with the token of a ticket in its part behind +, in lower case and
// without any sign that a mail program might change; "" where that would be too long.
func (r *ReplyTokens) Address(recipient string, ticket int64, at time.Time) string {
	base, _ := message.ReplyTag(recipient)
	end := strings.LastIndexByte(base, '@')
	if end < 1 || base[0] == '"' || ticket < 1 || ticket>>48 != 0 {
		return ""
	}
	var token [tokenOctets]byte
	binary.BigEndian.PutUint64(token[:], uint64(ticket)<<16|uint64(day(at)&0xffff))
	copy(token[tokenSigned:], r.signature(token[:tokenSigned]))
	local := base[:end] + "+" + message.ReplyMark + tokenText().EncodeToString(token[:])
	if path := local + base[end:]; len(local) <= longestPart && len(path) <= longestPath {
		return path
	}
	return ""
}

// Ticket is the one that the token of a recipient is of, 0 if that bears none, or one that is
// forged, cut or too old at a time.
func (r *ReplyTokens) Ticket(recipient string, at time.Time) int64 {
	_, tag := message.ReplyTag(recipient)
	token, err := tokenText().DecodeString(strings.TrimPrefix(tag, message.ReplyMark))
	if err != nil || len(token) != tokenOctets ||
		!hmac.Equal(token[tokenSigned:], r.signature(token[:tokenSigned])) {
		return 0
	}
	signed := binary.BigEndian.Uint64(token)
	age := day(at) - int64(signed&0xffff)
	if age < -1 || age > int64(r.Life/(24*time.Hour)) { // another machine's clock may be ahead
		return 0
	}
	return int64(signed >> 16)
}

// Token is the first token that an envelope bears, the first that is sound if there is one: as
// policy.Token has it.
func (r *ReplyTokens) Token(env *message.Envelope) (recipient string, ticket int64) {
	for _, to := range env.Recipients {
		if _, tag := message.ReplyTag(to); tag == "" {
			continue
		}
		if ticket = r.Ticket(to, env.ReceivedAt); ticket != 0 {
			return to, ticket
		}
		if recipient == "" {
			recipient = to
		}
	}
	return recipient, 0
}

// day counts days since 1970: 16 bits last until 2149.
func day(at time.Time) int64 { return at.Unix() / (24 * 60 * 60) }

func tokenText() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// signature has 96 bits: nobody can try them out but by sending a message for each. The first line
// keeps the key's other uses apart.
func (r *ReplyTokens) signature(signed []byte) []byte {
	mac := hmac.New(sha256.New, r.Key)
	mac.Write([]byte("gatepost reply token\n"))
	mac.Write(signed)
	return mac.Sum(nil)[:tokenOctets-tokenSigned]
}
