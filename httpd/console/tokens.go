package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/store"
)

// A tokensView is the tokens of the API, and the form to make one.
type tokensView struct {
	Tokens []store.Token
	Form   tokenForm
	Error  string
	Secret string // of the one just made: it is shown this once
	Made   store.Token
}

// A tokenForm is what was typed, to be shown again.
type tokenForm struct{ Owner, Name, Days string }

// maxDays is the longest time a token may be given, unless it never ends.
const maxDays = 3650

func (s *handlers) tokensPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.showTokens(w, r, c, http.StatusOK,
		tokensView{Form: tokenForm{Owner: c.User.Email, Days: "90"}})
}

func (s *handlers) showTokens(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	view tokensView) error {
	for t, err := range s.DB.Tokens(r.Context()) {
		if err != nil {
			return err
		}
		view.Tokens = append(view.Tokens, t)
	}
	return s.renderStatus(w, r, c, status, "tokens.html", view)
}

// addToken makes a token and shows it, in the answer itself: nothing keeps it.
func (s *handlers) addToken(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	view := tokensView{Form: tokenForm{strings.TrimSpace(r.PostForm.Get("owner")),
		r.PostForm.Get("name"), strings.TrimSpace(r.PostForm.Get("days"))}}
	n, err := view.Form.read(s.Now())
	if err == nil {
		view.Made, view.Secret, err = s.As(c).AddToken(r.Context(), n)
	}
	switch p := httpd.AsProblem(err); {
	case err == nil:
		return s.showTokens(w, r, c, http.StatusOK, view)
	case p == httpd.ErrNotFound:
		view.Error = "There is no profile of " + visible(view.Form.Owner) + "."
	case p != nil && p.Status == http.StatusUnprocessableEntity:
		view.Error = p.Words()
	default:
		return err
	}
	return s.showTokens(w, r, c, http.StatusUnprocessableEntity, view)
}

func (f tokenForm) read(now time.Time) (n store.NewToken, err error) {
	n.Name = f.Name
	var wrong []httpd.Detail
	refuse := func(format string, args ...any) {
		wrong = append(wrong, httpd.Detail{Description: fmt.Sprintf(format, args...)})
	}
	if n.Owner, err = message.ParseAddress(f.Owner); err != nil {
		refuse("the address cannot be taken: %s", err)
	}
	if err := httpd.CheckName(f.Name); err != nil {
		refuse("%s", httpd.AsProblem(err).Words())
	}
	days, err := strconv.Atoi(f.Days)
	if f.Days != "" && (err != nil || days < 1 || days > maxDays) {
		refuse("write for how many days the token is valid, 1 to %d, or leave it "+
			"empty for one that does not expire", maxDays)
	}
	if wrong != nil {
		return n, httpd.Refusal("token", wrong)
	}
	if f.Days != "" {
		n.Expires = now.Add(time.Duration(days) * 24 * time.Hour)
	}
	return n, nil
}

func (s *handlers) revokeToken(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	h := s.As(c)
	if err := h.RevokeToken(r.Context(), id); err != nil {
		return err
	}
	return s.back(w, r, "/tokens", did("revoked", h))
}
