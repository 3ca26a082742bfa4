package api

import (
	"io"
	"net/http"

	"gatepost/httpd"
)

// linkedMessage hands out a message byte for byte to who has a link to it, signed in or not. IP
// restrictions hold: rules exempt nothing that shows mail.
func (s *handlers) linkedMessage(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	if s.CheckLink == nil {
		return httpd.ErrNotFound
	}
	if err := s.CheckLink(r.URL.Path, r.URL.Query(), s.Now()); err != nil {
		return httpd.Forbidden("%s: a webhook that is told again has a new one", err)
	}
	found, err := s.DB.Explain(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	id := found.ID
	if found.Recovered > 0 {
		id = found.Recovered
	}
	raw, err := s.DB.Raw(r.Context(), id)
	if err != nil {
		return err
	}
	defer raw.Close()
	httpd.Download(w, "message-"+r.PathValue("id")+".eml")
	w.Header().Set("Content-Type", "message/rfc822")
	_, err = io.Copy(w, raw)
	return err
}
