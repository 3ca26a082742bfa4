package policy

import (
	"fmt"
	"strings"

	"gatepost/message"
)

// A Rejection is a sender, or a domain, whose mail is rejected, and why.
type Rejection struct {
	Sender string `json:"sender"`
	Why    string `json:"why"` // names the entry
}

// String says it to a person who looks for mail of that sender.
func (r Rejection) String() string {
	return fmt.Sprintf("mail of %s is rejected silently, and nothing of it kept: %s", r.Sender, r.Why)
}

// mostSought is how many words are looked at: each costs a look-up of a profile.
const mostSought = 20

// Rejections are the senders and domains among the first 20 words, separated by white space,
// whose mail p rejects: of such mail nothing is kept that could be found. A Message-ID is read as
// an address, whose domain is most often the sender's. Words that are neither an address nor a
// domain are passed over. The error is that of profile.
func (p *Policy) Rejections(words string, profile func(message.Address) (Profile, error)) (
	[]Rejection, error) {
	all := []Rejection{}
	sought := strings.Fields(words)
	for _, word := range sought[:min(len(sought), mostSought)] {
		word = strings.Trim(word, "<>[](),;")
		sender, err := message.ParseAddress(word)
		if err != nil {
			sender, err = message.ParseAddress("anybody@" + word)
		}
		if err != nil {
			continue
		}
		known, err := profile(sender)
		if err != nil {
			return nil, err
		}
		if d := p.Check(sender, known); d.Action == Reject {
			all = append(all, Rejection{word, d.Why()})
		}
	}
	return all, nil
}
