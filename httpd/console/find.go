package console

import (
	"fmt"
	"net/http"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// mostFound is how many messages the page shows: who looks for one writes another word.
const mostFound = 100

// A findView is where messages are that were looked for, or what became of them.
type findView struct {
	Words      string
	Found      []store.Found // the newest
	More       bool          // there are others
	Nothing    string        // what may have become of a message that is not found
	Rejections []policy.Rejection
}

// Sought are the words of the search box without its filters, for findPage.
func (l listing) Sought() string {
	q := l.query()
	return strings.TrimSpace(q.From + " " + q.Search)
}

// foundAt is the page of a message that was found, "" if there is none.
func foundAt(f store.Found) string {
	switch f.State {
	case store.FoundTicket:
		return fmt.Sprintf("/tickets/%d", f.ID)
	case store.FoundComment:
		return fmt.Sprintf("/tickets/%d#comment-%d", f.Ticket, f.ID)
	case store.FoundHeld:
		return fmt.Sprintf("/suspended/%d", f.ID)
	}
	return ""
}

// findPage says where messages are, or what became of them, by what people know of them.
func (s *handlers) findPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	v := findView{Words: strings.TrimSpace(r.FormValue("q")), Nothing: store.NothingFound}
	if v.Words == "" {
		return s.render(w, r, c, "find.html", v)
	}
	var err error
	v.Found, err = s.DB.Find(r.Context(), store.Search{Words: v.Words, Limit: mostFound + 1})
	if err != nil {
		return err
	}
	v.More = len(v.Found) > mostFound
	v.Found = v.Found[:min(mostFound, len(v.Found))]
	p, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	if v.Rejections, err = p.Rejections(v.Words, s.DB.Profile); err != nil {
		return err
	}
	return s.render(w, r, c, "find.html", v)
}
