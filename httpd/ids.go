package httpd

import (
	"net/http"
	"strconv"
)

// PathID is the id in the path; what is no id names no record.
func PathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, ErrNotFound
	}
	return id, nil
}
