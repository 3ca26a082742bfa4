package httpd

import (
	"net/http"
	"strings"
)

// live says that we run.
func (s *Server) live(w http.ResponseWriter, _ *http.Request, _ visitor) error {
	return answerText(w, http.StatusOK, "ok")
}

// ready says that we would take a message now, or else why not.
func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if s.Ready == nil {
		return answerText(w, http.StatusOK, "ok")
	}
	if err := s.Ready(r.Context()); err != nil {
		w.Header().Set("Retry-After", "5")
		return answerText(w, http.StatusServiceUnavailable, err.Error())
	}
	return answerText(w, http.StatusOK, "ok")
}

// ips are the addresses that a firewall should know.
func (s *Server) ips(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		return answerJSON(w, http.StatusOK, map[string]any{
			"ips": append([]string{}, s.Addresses...)})
	}
	return answerText(w, http.StatusOK, strings.Join(s.Addresses, "\n"))
}

// answerText writes a plain text that no browser takes for anything else.
func answerText(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write([]byte(text + "\n"))
	return err
}
