package courier

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// loopback is a Dialer that the tests' listeners can be reached by.
func loopback(t *testing.T) *Dialer {
	t.Helper()
	d, err := NewDialer(DialConfig{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A received request is what came to a listener.
type received struct {
	*http.Request
	body []byte
}

// desk is a listener that answers as told and gives on what it gets.
func desk(t *testing.T, status int, body string, header ...string) (string, chan received) {
	t.Helper()
	got := make(chan received, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- received{r.Clone(context.Background()), content}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func carryHTTP(t *testing.T, c HTTPConfig, p *Parcel) (Result, string) {
	t.Helper()
	if c.Dialer == nil {
		c.Dialer = loopback(t)
	}
	h, err := NewHTTP(c)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	r := h.Carry(context.Background(), p, &said)
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	return r, said.String()
}

// TestWhatDesksGet has each desk's own settings, and asserts what arrives there.
func TestWhatDesksGet(t *testing.T) {
	const path = "Return-Path: <sam@bounce.test>\r\n"
	rt := func(site string) HTTPConfig { return RequestTracker(site, "General") }
	redmine := func(site string) HTTPConfig { return Redmine(site+"/", "k&y", "help") }
	for _, test := range []struct {
		name     string
		config   func(site string) HTTPConfig
		status   int
		body     string
		path     string
		header   map[string]string
		kind     string            // of the content
		fields   map[string]string // of the form, or nil if the message is the body
		encoding func(string) string
		field    string
		hides    string
	}{
		{name: "Action Mailbox", config: func(site string) HTTPConfig {
			return HTTPConfig{URL: site + "/rails/action_mailbox/relay/inbound_emails",
				Username: "actionmailbox", Password: "pa:ss"}
		}, status: 204, path: "/rails/action_mailbox/relay/inbound_emails", kind: "message/rfc822",
			header: map[string]string{
				"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("actionmailbox:pa:ss")),
			}, hides: "pa:ss"},
		{name: "osTicket", config: func(site string) HTTPConfig {
			return HTTPConfig{URL: site + "/api/tickets.email",
				Headers: []Field{{Name: "X-API-Key", Value: "0123456789ABCDEF", Secret: true}}}
		}, status: 201, body: "123456", path: "/api/tickets.email", kind: "message/rfc822",
			header: map[string]string{"X-Api-Key": "0123456789ABCDEF"}, hides: "0123456789ABCDEF"},
		{name: "Discourse", config: func(site string) HTTPConfig {
			return HTTPConfig{URL: site + "/admin/email/handle_mail", Body: BodyURLEncoded,
				Field: "email_encoded", FieldBase64: true,
				Headers: []Field{{Name: "Api-Key", Value: "deadbeef", Secret: true},
					{Name: "Api-Username", Value: "system"}}}
		}, status: 200, body: "email has been received and is queued for processing",
			path: "/admin/email/handle_mail", kind: "application/x-www-form-urlencoded",
			header: map[string]string{"Api-Key": "deadbeef", "Api-Username": "system"},
			fields: map[string]string{}, field: "email_encoded", hides: "deadbeef",
			encoding: func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{name: "Discourse, plain", config: func(site string) HTTPConfig {
			return HTTPConfig{URL: site + "/admin/email/handle_mail", Body: BodyURLEncoded, Field: "email"}
		}, status: 200, path: "/admin/email/handle_mail", field: "email",
			kind: "application/x-www-form-urlencoded", fields: map[string]string{}},
		{name: "bearer", config: func(site string) HTTPConfig {
			return HTTPConfig{URL: site + "/in?box=1", Bearer: "t0ken"}
		}, status: 202, path: "/in?box=1", kind: "message/rfc822",
			header: map[string]string{"Authorization": "Bearer t0ken"}, hides: "t0ken"},
		{name: "Request Tracker", config: rt, status: 200, body: "ok\nTicket: 1\nQueue: General\n",
			path: "/REST/1.0/NoAuth/mail-gateway", kind: "multipart/form-data", field: "message",
			fields: map[string]string{"queue": "General", "action": "correspond"}},
		{name: "Redmine", config: redmine, status: 201, path: "/mail_handler",
			kind: "multipart/form-data", field: "email", hides: "k&y",
			fields: map[string]string{"key": "k&y", "unknown_user": "accept", "issue[project]": "help"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			site, got := desk(t, test.status, test.body)
			result, dialogue := carryHTTP(t, test.config(site), mailOf(mail))
			if result.Outcome != Done || result.Pause {
				t.Errorf("%+v", result)
			}
			r := <-got
			if r.Method != "POST" || r.URL.RequestURI() != test.path {
				t.Errorf("%s %s, want POST %s", r.Method, r.URL.RequestURI(), test.path)
			}
			if r.ContentLength != int64(len(r.body)) || len(r.TransferEncoding) > 0 {
				t.Errorf("the length was given as %d (%q), and is %d", r.ContentLength,
					r.TransferEncoding, len(r.body))
			}
			for name, value := range test.header {
				if r.Header.Get(name) != value {
					t.Errorf("%s: %q, want %q", name, r.Header.Get(name), value)
				}
			}
			if key := r.Header.Get("Idempotency-Key"); key != "tkt7.desk" {
				t.Errorf("Idempotency-Key: %q", key)
			}
			if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != test.kind {
				t.Errorf("Content-Type %s, want %s", r.Header.Get("Content-Type"), test.kind)
			}
			want := path + mail
			if test.encoding != nil {
				want = test.encoding(want)
			}
			if message := formOf(t, r, test.field, test.fields); message != want {
				t.Errorf("the message is %q, want %q", message, want)
			}
			if test.hides != "" && (strings.Contains(dialogue, test.hides) ||
				!strings.Contains(dialogue, hidden)) {
				t.Errorf("the dialogue shows %q, or does not say that it is hidden:\n%s",
					test.hides, dialogue)
			}
		})
	}
}

// formOf is the message in a request: its body, or a field of its form, which has these others.
func formOf(t *testing.T, r received, field string, others map[string]string) string {
	t.Helper()
	if others == nil {
		return string(r.body)
	}
	r.Body = io.NopCloser(bytes.NewReader(r.body))
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		t.Fatal(err)
	}
	if r.MultipartForm != nil && len(r.MultipartForm.File) > 0 {
		t.Errorf("there is a file name: %v", r.MultipartForm.File)
	}
	for name, value := range others {
		if r.PostForm.Get(name) != value {
			t.Errorf("field %s: %q, want %q", name, r.PostForm.Get(name), value)
		}
	}
	if len(r.PostForm) != len(others)+1 {
		t.Errorf("fields %v", r.PostForm)
	}
	return r.PostForm.Get(field)
}

// TestWhatAnswersMean has the answers that desks were seen to give, and others.
func TestWhatAnswersMean(t *testing.T) {
	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	rt := RequestTracker("", "General").Answers
	redmine := Redmine("", "", "").Answers
	html := "<!DOCTYPE html>\n<title>Login</title>"
	for _, test := range []struct {
		name    string
		answers Answers
		attempt int
		status  int
		body    string
		header  []string
		want    Outcome
		pause   bool
		after   time.Duration
		said    string
	}{
		{name: "200", status: 200, want: Done, said: "200 OK"},
		{name: "202", status: 202, want: Done},
		{name: "204", status: 204, want: Done, said: "204 No Content"},
		{name: "400", status: 400, body: "no \x1b[2Jsubject", want: Fail, said: "Bad Request: no \ufffd[2Jsubject"},
		{name: "401", status: 401, want: Retry, pause: true},
		{name: "403", status: 403, body: "key", want: Retry, pause: true, said: "403 Forbidden: key"},
		{name: "404", status: 404, want: Retry, pause: true},
		{name: "405", status: 405, want: Retry, pause: true},
		{name: "408", status: 408, want: Retry},
		{name: "413", status: 413, want: Fail},
		{name: "415", status: 415, want: Retry, pause: true},
		{name: "422", status: 422, want: Fail},
		{name: "429", status: 429, header: []string{"Retry-After", "120"}, want: Retry,
			after: 2 * time.Minute},
		{name: "503 until a date", status: 503, want: Retry, after: time.Hour,
			header: []string{"Retry-After", "Sun, 29 Nov 2026 11:00:00 GMT"}},
		{name: "until a time that is over", status: 503, want: Retry,
			header: []string{"Retry-After", "Sun, 29 Nov 2026 09:00:00 GMT"}},
		{name: "for ever", status: 503, want: Retry, after: 5 * 24 * time.Hour,
			header: []string{"Retry-After", "99999999999999999999"}},
		{name: "no number", status: 503, header: []string{"Retry-After", "-5"}, want: Retry},
		{name: "500", status: 500, want: Retry},
		{name: "501", status: 501, want: Retry, pause: true},
		{name: "504", status: 504, want: Retry},
		{name: "Redirect", status: 302, header: []string{"Location", "/login?from=%2F"}, want: Retry,
			pause: true, said: "/login?from=%2F, and is not followed"},
		{name: "to another host", status: 307, header: []string{"Location", "http://10.0.0.1/x"},
			want: Retry, pause: true, said: "307 Temporary Redirect: it leads to http://10.0.0.1/x,"},
		{name: "HTTPS port", status: 400, body: "The plain HTTP request was sent to HTTPS port",
			want: Retry, pause: true},

		{name: "RT ok", answers: rt, status: 200, body: "ok\nTicket: 5", want: Done, said: "200 OK: ok Ticket: 5"},
		{name: "RT not ok", answers: rt, status: 200, body: "not ok - operation unsuccessful", want: Fail},
		{name: "RT later", answers: rt, status: 200, body: "temporary failure - no queue", want: Retry},
		{name: "RT login page", answers: rt, status: 200, body: html, want: Retry, pause: true},
		{name: "RT said okay", answers: rt, status: 200, body: "okay", want: Retry, pause: true},
		{name: "RT 404", answers: rt, status: 404, want: Retry, pause: true},
		{name: "RT 500", answers: rt, status: 500, want: Retry},
		{name: "Redmine taken", answers: redmine, status: 201, want: Done},
		{name: "Redmine 200", answers: redmine, status: 200, body: html, want: Fail},
		{name: "Redmine locked", answers: redmine, status: 422, attempt: 5, want: Retry},
		{name: "Redmine refused", answers: redmine, status: 422, attempt: 6, want: Fail},
		{name: "Redmine key", answers: redmine, status: 403, want: Retry, pause: true},
		{name: "Redmine 8-bit", answers: redmine, status: 400, want: Fail},

		{name: "a body without fail_body", answers: Answers{DoneBody: "queued"}, status: 200, body: "?",
			want: Fail},
		{name: "fail_body alone", answers: Answers{FailBody: "error"}, status: 200, body: "error 5",
			want: Fail},
		{name: "fail_body alone, other", answers: Answers{FailBody: "error"}, status: 200, body: "fine",
			want: Done},
		{name: "own statuses", answers: Answers{Retry: "418, 420-422", Pause: "500"}, status: 421,
			want: Retry},
		{name: "own pause", answers: Answers{Retry: "418", Pause: "500"}, status: 500, want: Retry,
			pause: true},
		{name: "a pattern behind 64 KiB", answers: Answers{DoneBody: "queued"}, status: 200,
			body: strings.Repeat(" ", answerLimit) + "queued", want: Fail},
	} {
		t.Run(test.name, func(t *testing.T) {
			site, _ := desk(t, test.status, test.body, test.header...)
			p := mailOf(mail)
			p.Attempt = max(1, test.attempt)
			r, _ := carryHTTP(t, HTTPConfig{URL: site, Answers: test.answers,
				Now: func() time.Time { return now }}, p)
			if r.Outcome != test.want || r.Pause != test.pause || r.After != test.after ||
				!strings.Contains(r.Said, test.said) {
				t.Errorf("%+v, want %s, pause %v, after %s, said %q", r, test.want, test.pause,
					test.after, test.said)
			}
		})
	}
}

// TestNoSecretIsSaid: a desk that says back what it got gets it nowhere.
func TestNoSecretIsSaid(t *testing.T) {
	site, _ := desk(t, 400, "Basic am9lOnMzY3JldA== and s3cret and to?ken, to%3Fken",
		"X-Echo", "s3cret")
	r, dialogue := carryHTTP(t, HTTPConfig{URL: site + "/?token=to%3Fken", Username: "joe",
		Password: "s3cret", Headers: []Field{{"X-Key", "to?ken", true}}}, mailOf(mail))
	for _, secret := range []string{"s3cret", "am9lOnMzY3JldA", "to?ken", "to%3Fken"} {
		if strings.Contains(r.Said+dialogue, secret) {
			t.Errorf("%s is said: %s\n%s", secret, r.Said, dialogue)
		}
	}
	if want := "400 Bad Request: Basic (secret) and (secret) and (secret), (secret)"; r.Said != want {
		t.Errorf("%q, want %q", r.Said, want)
	}
}

// TestMessageThatCannotBeRead is never sent in part as if it were whole.
func TestMessageThatCannotBeRead(t *testing.T) {
	long := strings.Repeat(mail, 2000) // more than is held back before it is sent
	for _, body := range []string{BodyMessage, BodyMultipart, BodyURLEncoded} {
		for name, broken := range map[string]io.Reader{
			"torn":  io.MultiReader(strings.NewReader("From: a\r\n"), iotest.ErrReader(errors.New("torn page"))),
			"short": strings.NewReader("From: a\r\n"),
			"long":  strings.NewReader(long + mail),
		} {
			whole := 0
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err == nil {
					whole++
				}
			}))
			p, c := mailOf(long), HTTPConfig{URL: server.URL, Body: body}
			if body != BodyMessage {
				c.Field = "email"
			}
			opened := 0
			p.Open = func() (io.ReadCloser, error) {
				if opened++; body == BodyURLEncoded && opened == 1 { // which is for the length
					return io.NopCloser(strings.NewReader(long)), nil
				}
				return io.NopCloser(broken), nil
			}
			r, _ := carryHTTP(t, c, p)
			server.Close() // waits for the requests
			if r.Outcome != Retry || r.Pause || !strings.Contains(r.Said, "read the message: ") || whole > 0 {
				t.Errorf("%s, %s: %+v, %d came whole", body, name, r, whole)
			}
		}
	}
	p := mailOf(mail)
	p.Open = func() (io.ReadCloser, error) { return nil, errors.New("no such row") }
	if r, _ := carryHTTP(t, HTTPConfig{URL: "http://127.0.0.1:1"}, p); r.Outcome != Retry ||
		r.Said != "open the message: no such row" {
		t.Errorf("%+v", r)
	}
}

// TestLargeMessage is carried by a machine that has no memory for it: 25 MB at 2 MB.
func TestLargeMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	const size = 25_000_000
	counted := make(chan int64, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n != r.ContentLength {
			t.Errorf("%d octets of %d, %v", n, r.ContentLength, err)
		}
		counted <- n
	}))
	defer server.Close()
	for body, least := range map[string]int64{BodyMessage: size, BodyMultipart: size,
		BodyURLEncoded: 3 * size} {
		c := HTTPConfig{URL: server.URL, Body: body, Dialer: loopback(t)}
		if body != BodyMessage {
			c.Field = "email"
		}
		h, err := NewHTTP(c)
		if err != nil {
			t.Fatal(err)
		}
		p := mailOf("")
		p.Size = size
		p.Open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeroes{}, size)), nil
		}
		most := peakHeap(t, func() {
			if r := h.Carry(context.Background(), p, nil); r.Outcome != Done {
				t.Errorf("%s: %+v", body, r)
			}
		})
		if n := <-counted; n < least {
			t.Errorf("%s: %d octets came, want %d at least", body, n, least)
		}
		if most > size/4 {
			t.Errorf("%s: %d octets of memory were held at once", body, most)
		}
	}
}
