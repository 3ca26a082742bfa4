package httpd

import (
	"net/http"
	"strings"
)

// live says that we run.
func (s *Server) live(w http.ResponseWriter, _ *http.Request, _ Caller) error {
	return answerText(w, http.StatusOK, "ok")
}

// ready says that we would take a message now, or else why not.
func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ Caller) error {
	if s.Ready == nil {
		return answerText(w, http.StatusOK, "ok")
	}
	if err := s.Ready(r.Context()); err != nil {
		w.Header().Set("Retry-After", "5")
		return answerText(w, http.StatusServiceUnavailable, err.Error())
	}
	replication, err := s.DB.Replication(r.Context())
	switch {
	case err != nil:
		return answerText(w, http.StatusOK, "ok; "+err.Error())
	case replication != nil:
		return answerText(w, http.StatusOK, "ok; "+replication.Summary())
	}
	return answerText(w, http.StatusOK, "ok")
}

// ips are the addresses that a firewall should know.
func (s *Server) ips(w http.ResponseWriter, r *http.Request, _ Caller) error {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		return AnswerJSON(w, http.StatusOK, map[string]any{
			"ips": append([]string{}, s.Addresses...)})
	}
	return answerText(w, http.StatusOK, strings.Join(s.Addresses, "\n"))
}
