package httpd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// SplitFailures tells what is not there from what is there and cannot be recovered.
func SplitFailures(err error) (missing, failed []int64) {
	var failures store.Failures
	if !errors.As(err, &failures) {
		return nil, nil
	}
	for _, f := range failures {
		if errors.Is(f.Err, store.ErrNotFound) {
			missing = append(missing, f.ID)
		} else {
			failed = append(failed, f.ID)
		}
	}
	return missing, failed
}

// A Problem is an error that is the caller's to know.
type Problem struct {
	Status      int
	Code        string // for programs: "RecordNotFound"
	Description string // for people
	Details     map[string][]Detail
	Retry       time.Duration  // of 429 and 503: when to come again
	More        map[string]any // beside the error, in the API
	ours        bool           // the operator is to know it as well: it is logged
}

// A Detail is what is wrong with one field.
type Detail struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"description"`
}

func (p *Problem) Error() string { return p.Description }

// Errors that say nothing more.
var (
	ErrNotFound = &Problem{Status: http.StatusNotFound, Code: "RecordNotFound",
		Description: "Not found"}
	ErrUnknownCaller = &Problem{Status: http.StatusUnauthorized, Code: "Couldn't authenticate you",
		Description: "sign in, or send a token that stands"}
)

func Forbidden(format string, args ...any) *Problem {
	return &Problem{Status: http.StatusForbidden, Code: "Forbidden",
		Description: fmt.Sprintf(format, args...)}
}

// Invalid refuses one field.
func Invalid(field, format string, args ...any) *Problem {
	return Refusal(field, []Detail{{Description: fmt.Sprintf(format, args...)}})
}

func Refusal(field string, details []Detail) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Code: "RecordInvalid",
		Description: "Record validation errors", Details: map[string][]Detail{field: details}}
}

// AsProblem is what an error is to a caller, in one place; nil if it is ours alone.
func AsProblem(err error) *Problem {
	var p *Problem
	var wrong policy.Problems
	var one *policy.Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &wrong):
		return Refusal("text", problemDetails(wrong))
	case errors.As(err, &one):
		return Refusal("entry", problemDetails(policy.Problems{*one}))
	case errors.As(err, &tooLarge):
		return &Problem{Status: http.StatusRequestEntityTooLarge, Code: "TooLarge",
			Description: fmt.Sprintf("at most %d octets can be sent", tooLarge.Limit)}
	}
	return ofStore(err)
}

// ofStore puts the store's refusals into the words of HTTP.
func ofStore(err error) *Problem {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, store.ErrExists):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: "RecordInvalid",
			Description: "Record validation errors", Details: map[string][]Detail{
				"email": {{Error: "DuplicateValue", Description: err.Error()}}}}
	case errors.Is(err, store.ErrLastAdmin):
		return Invalid("role", "%s", err)
	case errors.Is(err, store.ErrLockout):
		return Invalid("ip_ranges", "%s", err)
	case errors.Is(err, store.ErrCannotUndo):
		return Invalid("id", "%s", err)
	case errors.Is(err, store.ErrNoRanges):
		return Invalid("ip_ranges", "%s", err)
	case errors.Is(err, store.ErrRulesChanged), errors.Is(err, store.ErrAccessChanged),
		errors.Is(err, store.ErrMoreMatch), errors.Is(err, store.ErrShadowConflicts):
		return &Problem{Status: http.StatusConflict, Code: "Conflict", Description: err.Error()}
	case errors.Is(err, store.ErrHandedOff):
		return &Problem{Status: http.StatusConflict, Code: "Conflict", Description: err.Error()}
	case errors.Is(err, store.ErrWrongPassword):
		return ErrUnknownCaller
	case errors.Is(err, store.ErrCursor):
		return Invalid("page", "%s", err)
	case errors.Is(err, store.ErrBusy):
		return &Problem{Status: http.StatusServiceUnavailable, Code: "Busy", Retry: time.Second,
			Description: err.Error()}
	case store.IsDamaged(err):
		return &Problem{Status: http.StatusServiceUnavailable, Code: "DatabaseDamaged", ours: true,
			Description: "the database is damaged, and this cannot be read from it: run " +
				"`gatepost doctor` beside the server, which says what can be read and how to mend it"}
	}
	return nil
}

// problemDetails says of each entry where it stands, what is wrong and what to write instead.
func problemDetails(problems policy.Problems) []Detail {
	details := make([]Detail, len(problems))
	for i, p := range problems {
		details[i] = Detail{Error: "InvalidValue", Description: p.Error()}
	}
	return details
}

// fail answers with an error. What is not the caller's to know is logged and said to be
// ours.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, c Caller, err error) {
	if out, ok := w.(*response); ok && out.begun() || errors.Is(err, context.Canceled) {
		s.Log.Debug("http answer broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	p := AsProblem(err)
	if p == nil || p.ours {
		s.Log.Error("http", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if p == nil {
		p = &Problem{Status: http.StatusInternalServerError, Code: "InternalError",
			Description: "this could not be done, and the server's log says why"}
	}
	if p.Retry > 0 {
		w.Header().Set("Retry-After", RetryAfter(p.Retry))
	}
	s.formOf(r)(w, r, c, p)
}

// formOf is how an error is said to whoever asks for the path of r.
func (s *Server) formOf(r *http.Request) ErrorForm {
	part := s.Console
	if isAPI(r) {
		part = s.API
	}
	if part.Fail == nil || s.isOperation(r) {
		return failText
	}
	return part.Fail
}

// failText says an error where nobody reads a page.
func failText(w http.ResponseWriter, _ *http.Request, _ Caller, p *Problem) {
	_ = answerText(w, p.Status, p.Description) // a client that is gone needs no answer
}

// RetryAfter is the field of the header that says when to come again, in seconds.
func RetryAfter(wait time.Duration) string { return strconv.Itoa(int(wait.Seconds()) + 1) }

// minutes says a time to a person.
func minutes(d time.Duration) string {
	if n := int(d.Minutes()) + 1; n > 1 {
		return strconv.Itoa(n) + " minutes"
	}
	return "a minute"
}

// Words are all that is wrong, for a person.
func (p *Problem) Words() string {
	var all []string
	for _, details := range p.Details {
		for _, d := range details {
			all = append(all, d.Description)
		}
	}
	if all == nil {
		return p.Description
	}
	return strings.Join(all, "\n")
}
