package console

import (
	"net/http"

	"gatepost/httpd"
)

// fail answers a person. Who must sign in is led there, and comes back afterwards.
func (s *handlers) fail(w http.ResponseWriter, r *http.Request, c httpd.Caller, p *httpd.Problem) {
	if p.Status == http.StatusUnauthorized {
		http.Redirect(w, r, s.toSignIn(r), http.StatusSeeOther)
		return
	}
	said := errorPage{Status: p.Status, Title: http.StatusText(p.Status), Message: p.Words()}
	if said.Restricted = p.Code == httpd.CodeRestricted; said.Restricted {
		if httpd.Agent.Admits(c) && c.Client.IsValid() {
			said.Client = c.Client.String()
		}
		c = httpd.Caller{} // from there nothing is said to whoever they are, nor of what they did
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
