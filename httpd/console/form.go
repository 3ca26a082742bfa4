package console

import (
	"net/http"

	"gatepost/httpd"
)

// readForm takes the form of a request apart.
func readForm(r *http.Request) error {
	if r.ParseForm() != nil {
		return httpd.Invalid("form", "the form cannot be read")
	}
	return nil
}

// formIDs are what was selected, each once.
func formIDs(r *http.Request) (ids []int64, err error) {
	seen := map[int64]bool{}
	for _, text := range r.PostForm["id"] {
		id, ok := httpd.ParseID(text)
		if !ok {
			return nil, httpd.Invalid("id", "%q is no id of a message", text)
		}
		if !seen[id] {
			ids, seen[id] = append(ids, id), true
		}
	}
	if len(ids) > maxMany {
		return nil, httpd.Invalid("id", "at most %d messages at once", maxMany)
	}
	return ids, nil
}
