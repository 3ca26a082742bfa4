package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// A receiver is the HTTP side of a script: it keeps what is posted to it, and answers as it was
// told.
type receiver struct {
	lock   sync.Mutex
	status int
	body   string
	signed *standardwebhooks.Webhook // checks signatures; nil if there is no secret
	texts  []string
	came   chan struct{}
}

type receiverKey struct{}

// receiverOf is the receiver of a script, once it has one.
type receiverOf struct{ *receiver }

// answerAsReceiver starts a receiver the first time, whose address is then $RECEIVER, and says
// how it answers from now on: receiver [STATUS BODY]. $SIGNING is the secret of its webhooks.
func answerAsReceiver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 1 {
		ts.Fatalf("usage: receiver [STATUS BODY]")
	}
	of := ts.Value(receiverKey{}).(*receiverOf)
	if of.receiver == nil {
		of.receiver = &receiver{came: make(chan struct{}, 1000)}
		if secret := ts.Getenv("SIGNING"); secret != "" {
			var err error
			of.signed, err = standardwebhooks.NewWebhook(secret)
			ts.Check(err)
		}
		server := httptest.NewServer(of.receiver)
		ts.Defer(server.Close)
		ts.Setenv("RECEIVER", server.URL)
	}
	of.lock.Lock()
	defer of.lock.Unlock()
	of.status, of.body = http.StatusOK, "ok\n"
	if len(args) > 0 {
		status, err := strconv.Atoi(args[0])
		ts.Check(err)
		of.status, of.body = status, strings.Join(args[1:], " ")+"\n"
	}
}

// ServeHTTP keeps a request as text.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", req.Method, req.URL.RequestURI())
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(req.Header[name], ", "))
	}
	if r.signed != nil && req.Header.Get(standardwebhooks.HeaderWebhookID) != "" {
		fmt.Fprintf(&b, "the signature is wrong: %v\n", r.signed.Verify(body, req.Header))
	}
	fmt.Fprintf(&b, "\n%s\n", body)
	r.lock.Lock()
	r.texts = append(r.texts, b.String())
	status, answer := r.status, r.body
	r.lock.Unlock()
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer) // who asked may be gone
	r.came <- struct{}{}
}

// awaitReceived waits until a receiver has had so many requests, and prints them into a file:
// received N FILE.
func awaitReceived(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: received N FILE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	r := ts.Value(receiverKey{}).(*receiverOf)
	late := time.After(patience)
	for {
		r.lock.Lock()
		texts := r.texts
		r.lock.Unlock()
		if len(texts) == want {
			text := strings.ReplaceAll(strings.Join(texts, ""), "\r\n", "\n")
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
			return
		}
		select {
		case <-r.came:
		case <-late:
			ts.Fatalf("%d requests have come, not %d", len(texts), want)
		}
	}
}

// expandFile puts what is in the environment into a file: expand FILE FROM.
func expandFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expand FILE FROM")
	}
	text := os.Expand(ts.ReadFile(args[1]), func(name string) string {
		if value := ts.Getenv(name); value != "" {
			return value
		}
		return "$" + name
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
