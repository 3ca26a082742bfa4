package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"gatepost/httpd"
)

// readJSON takes the body of a request apart. Fields that we do not know are passed over: the
// vendor has more of them than we do.
func readJSON(r *http.Request, into any) error {
	return badJSON(json.NewDecoder(r.Body).Decode(into))
}

// readOwnJSON is readJSON where the fields are ours alone: one that we do not know was meant to
// do something, and is refused.
func readOwnJSON(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return badJSON(d.Decode(into))
}

func badJSON(err error) error {
	if err == nil {
		return nil
	}
	said := strings.TrimPrefix(err.Error(), "json: ")
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		said = fmt.Sprintf("%s is not to be of the kind %s", cmp.Or(wrong.Field, "all of it"),
			wrong.Value)
	}
	return &httpd.Problem{Status: http.StatusUnprocessableEntity, Code: "RecordInvalid",
		Description: "the body is not the JSON that is taken here: " + said}
}
