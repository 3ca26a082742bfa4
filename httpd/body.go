package httpd

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBody is how much a request may carry, in octets: a list pasted whole is 10,000
// characters, many entries at once are more.
const maxBody = 1 << 20

// readBody reads what a request carries to its end, so that no answer waits for more of it.
// Who only looks has nothing to carry, and it is not read.
func readBody(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		r.Body = http.NoBody
		return nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return &problem{status: http.StatusBadRequest, code: "BadRequest",
			description: "the body could not be read to its end: send it again"}
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}

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
	return &problem{status: http.StatusUnprocessableEntity, code: "RecordInvalid",
		description: "the body is not the JSON that is taken here: " + said}
}

// readForm takes the form of a request apart.
func readForm(r *http.Request) error {
	if r.ParseForm() != nil {
		return invalid("form", "the form cannot be read")
	}
	return nil
}
