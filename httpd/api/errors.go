package api

import (
	"net/http"

	"gatepost/httpd"
)

// fail answers a program. A challenge for Basic would have browsers ask for a password
// and keep it, so it names the other scheme only.
func fail(w http.ResponseWriter, _ *http.Request, _ httpd.Caller, p *httpd.Problem) {
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="gatepost"`)
	}
	body := map[string]any{"error": p.Code, "description": p.Description}
	if p.Details != nil {
		body["details"] = p.Details
	}
	for name, value := range p.More {
		body[name] = value
	}
	_ = httpd.AnswerJSON(w, p.Status, body) // a client that is gone needs no answer
}
