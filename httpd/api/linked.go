package api

import (
	"io"
	"net/http"

	"gatepost/httpd"
)

func (s *handlers) linkedOperations() []operation {
	return tagged("hand-offs", []operation{
		{pattern: "GET /api/v2/messages/{id}", role: httpd.Anybody, handler: s.linkedMessage,
			id: "linkedMessage",
			summary: "The message of a decision, byte for byte, to who has the signed link that a " +
				"webhook was given",
			takes: []parameter{inPath("id", "string", "the id of the decision"),
				must("ends", "int64", "when the link ends, in seconds since 1970"),
				must("signature", "string", "over the path and the time")},
			gives: answersFile("the message", "message/rfc822"),
			fails: []int{http.StatusForbidden}},
	})
}

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
