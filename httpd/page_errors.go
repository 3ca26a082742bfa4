package httpd

import "net/http"

// failPage answers a person. Who must sign in is led there, and comes back afterwards.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, c Caller, p *Problem) {
	if p.Status == http.StatusUnauthorized {
		http.Redirect(w, r, s.toSignIn(r), http.StatusSeeOther)
		return
	}
	if s.isOperation(r) {
		_ = AnswerText(w, p.Status, p.Description) // a client that is gone needs no answer
		return
	}
	said := errorPage{Status: p.Status, Title: http.StatusText(p.Status), Message: p.Words()}
	if said.Restricted = p.Code == codeRestricted; said.Restricted {
		if Agent.Admits(c) && c.Client.IsValid() {
			said.Client = c.Client.String()
		}
		c = Caller{} // from there nothing is said to whoever they are, nor of what they did
	}
	if err := s.renderStatus(w, r, c, p.Status, "error.html", said); err != nil {
		s.Log.Error("http error page", "path", r.URL.Path, "error", err)
	}
}

// An errorPage is what templates/error.html shows.
type errorPage struct {
	Status     int
	Title      string
	Message    string
	Restricted bool   // nothing is answered to this address
	Client     string // that address, for those who may know how to let it in
}
