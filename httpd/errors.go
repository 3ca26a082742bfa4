package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// A problem is an error that is the visitor's to know.
type problem struct {
	status      int
	code        string // for programs: "RecordNotFound"
	description string // for people
	details     map[string][]detail
	retry       time.Duration  // of 429 and 503: when to come again
	more        map[string]any // beside the error, in the API
	ours        bool           // the operator is to know it as well: it is logged
}

// A detail is what is wrong with one field.
type detail struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"description"`
}

func (p *problem) Error() string { return p.description }

// Errors that say nothing more.
var (
	errNotFound = &problem{status: http.StatusNotFound, code: "RecordNotFound",
		description: "Not found"}
	errUnknown = &problem{status: http.StatusUnauthorized, code: "Couldn't authenticate you",
		description: "sign in, or send a token that stands"}
)

func forbidden(format string, args ...any) *problem {
	return &problem{status: http.StatusForbidden, code: "Forbidden",
		description: fmt.Sprintf(format, args...)}
}

// invalid refuses one field.
func invalid(field, format string, args ...any) *problem {
	return refusal(field, []detail{{Description: fmt.Sprintf(format, args...)}})
}

func refusal(field string, details []detail) *problem {
	return &problem{status: http.StatusUnprocessableEntity, code: "RecordInvalid",
		description: "Record validation errors", details: map[string][]detail{field: details}}
}

// asProblem is what an error is to a visitor, in one place; nil if it is ours alone.
func asProblem(err error) *problem {
	var p *problem
	var wrong policy.Problems
	var one *policy.Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &wrong):
		return refusal("text", problemDetails(wrong))
	case errors.As(err, &one):
		return refusal("entry", problemDetails(policy.Problems{*one}))
	case errors.As(err, &tooLarge):
		return &problem{status: http.StatusRequestEntityTooLarge, code: "TooLarge",
			description: fmt.Sprintf("at most %d octets can be sent", tooLarge.Limit)}
	}
	return ofStore(err)
}

// ofStore puts the store's refusals into the words of HTTP.
func ofStore(err error) *problem {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrExists):
		return &problem{status: http.StatusUnprocessableEntity, code: "RecordInvalid",
			description: "Record validation errors", details: map[string][]detail{
				"email": {{Error: "DuplicateValue", Description: err.Error()}}}}
	case errors.Is(err, store.ErrLastAdmin):
		return invalid("role", "%s", err)
	case errors.Is(err, store.ErrLockout):
		return invalid("ip_ranges", "%s", err)
	case errors.Is(err, store.ErrCannotUndo):
		return invalid("id", "%s", err)
	case errors.Is(err, store.ErrNoRanges):
		return invalid("ip_ranges", "%s", err)
	case errors.Is(err, store.ErrRulesChanged), errors.Is(err, store.ErrAccessChanged),
		errors.Is(err, store.ErrMoreMatch):
		return &problem{status: http.StatusConflict, code: "Conflict", description: err.Error()}
	case errors.Is(err, store.ErrWrongPassword):
		return errUnknown
	case errors.Is(err, store.ErrCursor):
		return invalid("page", "%s", err)
	case errors.Is(err, store.ErrBusy):
		return &problem{status: http.StatusServiceUnavailable, code: "Busy", retry: time.Second,
			description: err.Error()}
	case store.IsDamaged(err):
		return &problem{status: http.StatusServiceUnavailable, code: "DatabaseDamaged", ours: true,
			description: "the database is damaged, and this cannot be read from it: run " +
				"`gatepost doctor` beside the server, which says what can be read and how to mend it"}
	}
	return nil
}

// problemDetails says of each entry where it stands, what is wrong and what to write instead.
func problemDetails(problems policy.Problems) []detail {
	details := make([]detail, len(problems))
	for i, p := range problems {
		details[i] = detail{Error: "InvalidValue", Description: p.Error()}
	}
	return details
}

// fail answers with an error. What is not the visitor's to know is logged and said to be
// ours.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, v visitor, err error) {
	if out, ok := w.(*response); ok && out.begun() || errors.Is(err, context.Canceled) {
		s.Log.Debug("http answer broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	p := asProblem(err)
	if p == nil || p.ours {
		s.Log.Error("http", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if p == nil {
		p = &problem{status: http.StatusInternalServerError, code: "InternalError",
			description: "this could not be done, and the server's log says why"}
	}
	if p.retry > 0 {
		w.Header().Set("Retry-After", p.retryAfter())
	}
	if isAPI(r) {
		s.failAPI(w, p)
		return
	}
	s.failPage(w, r, v, p)
}

// failAPI answers a program. A challenge for Basic would have browsers ask for a password
// and keep it, so it names the other scheme only.
func (s *Server) failAPI(w http.ResponseWriter, p *problem) {
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="gatepost"`)
	}
	body := map[string]any{"error": p.code, "description": p.description}
	if p.details != nil {
		body["details"] = p.details
	}
	for name, value := range p.more {
		body[name] = value
	}
	_ = answerJSON(w, p.status, body) // a client that is gone needs no answer
}

// answerJSON writes a value with a status.
func answerJSON(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// failPage answers a person. Who must sign in is led there, and comes back afterwards.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, v visitor, p *problem) {
	if p.status == http.StatusUnauthorized {
		http.Redirect(w, r, s.toSignIn(r), http.StatusSeeOther)
		return
	}
	if s.isOperation(r) {
		_ = answerText(w, p.status, p.description) // a client that is gone needs no answer
		return
	}
	said := errorPage{Status: p.status, Title: http.StatusText(p.status), Message: p.words()}
	if said.Restricted = p.code == codeRestricted; said.Restricted {
		if agent.admits(v) && v.Client.IsValid() {
			said.Client = v.Client.String()
		}
		v = visitor{} // from there nothing is said to whoever they are, nor of what they did
	}
	if err := s.renderStatus(w, r, v, p.status, "error.html", said); err != nil {
		s.Log.Error("http error page", "path", r.URL.Path, "error", err)
	}
}

// An errorPage is what templates/error.html shows.
type errorPage struct {
	Status     int
	Title      string
	Message    string
	Restricted bool   // nothing is answered to this address
	Client     string // that address, for those who may know how to let it in
}

// isOperation reports whether a machine asks, which reads no pages.
func (s *Server) isOperation(r *http.Request) bool {
	return slices.ContainsFunc(s.operations(), func(o route) bool {
		return strings.HasSuffix(o.pattern, " "+r.URL.Path)
	})
}

// retryAfter is when to come again, in seconds.
func (p *problem) retryAfter() string { return strconv.Itoa(int(p.retry.Seconds()) + 1) }

// minutes says a time to a person.
func minutes(d time.Duration) string {
	if n := int(d.Minutes()) + 1; n > 1 {
		return strconv.Itoa(n) + " minutes"
	}
	return "a minute"
}
