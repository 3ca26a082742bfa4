package httpd

import (
	"net/http"
	"strconv"
)

// ParseID reads the id of a record: a number from 1.
func ParseID(text string) (id int64, ok bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0
}

// PathID is the id in the path; what is no id names no record.
func PathID(r *http.Request) (int64, error) {
	id, ok := ParseID(r.PathValue("id"))
	if !ok {
		return 0, ErrNotFound
	}
	return id, nil
}
