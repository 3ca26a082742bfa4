package smtpd_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"gatepost/courier"
	"gatepost/intake"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
	"gatepost/store"
)

// threadZone says from which machine mail of each domain comes.
const threadZone = `acme.test TXT "v=spf1 ip4:198.51.100.1 -all"
other.test TXT "v=spf1 ip4:198.51.100.2 -all"
help.test TXT "v=spf1 ip4:198.51.100.3 -all"
`

// TestThreads plays the files of testdata/threads, each on a database of its own: messages, one
// after the other, each with the address that it comes from, and what becomes of them. Whatever
// that is, their senders are told the same. With "token 1" behind the address its recipient bears
// the reply token of ticket 1, and "require" in the section tokens asks for one.
func TestThreads(t *testing.T) {
	files, err := filepath.Glob("../testdata/threads/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			check(t, err)
			playThread(t, a)
		})
	}
}

// A thread is one file that is played.
type thread struct {
	*testing.T
	server   *smtpd.Server
	db       *store.DB
	outcomes []intake.Outcome
	tokens   courier.ReplyTokens
}

func playThread(t *testing.T, a *txtar.Archive) {
	th := &thread{T: t, server: smtpd.New()}
	var err error
	th.server.Recipients, err = smtpd.ParseRecipients("help.test")
	check(t, err)
	in := receiver(t, th.server, silenceWith(t, threadZone))
	th.db = in.DB
	th.tokens = courier.ReplyTokens{Key: make([]byte, 32), Life: 24 * time.Hour}
	staff, err := message.ParseAddress("agent@help.test")
	check(t, err)
	check(t, th.db.By(store.Actor{Name: "test", Via: "cli"}).AddUser(t.Context(),
		store.NewUser{Email: staff, MadeBy: "cli", Role: policy.Agent}))
	th.server.Receive = func(ctx context.Context, env *message.Envelope, content io.Reader) (
		string, error) {
		out, err := in.Receive(ctx, env, content)
		th.outcomes = append(th.outcomes, out)
		return out.ID, err
	}
	var want []string
	listeners := map[string]net.Listener{}
	var all []smtpd.Listener
	for _, f := range a.Files {
		if f.Name == "tokens" {
			th.bearTokens(strings.TrimSpace(string(f.Data)) == "require")
		}
		if client, _ := clientOf(f); client != "" && listeners[client] == nil {
			listeners[client] = listen(t, client)
			all = append(all, smtpd.Listener{Listener: listeners[client]})
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- th.server.Run(ctx, all...) }()
	for _, f := range a.Files {
		if f.Name == "want" {
			want = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
			continue
		}
		client, ticket := clientOf(f)
		if client == "" {
			continue
		}
		to := "support@help.test"
		if ticket != 0 {
			to = th.tokens.Address(to, ticket, time.Now())
		}
		th.send(listeners[client].Addr(), to, strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
	}
	stop()
	check(t, <-done)
	th.holds(want)
}

// clientOf is the address that a message comes from, and the ticket whose token it bears.
func clientOf(f txtar.File) (client string, ticket int64) {
	_, _ = fmt.Sscanf(f.Name, "%d %s token %d", new(int), &client, &ticket)
	return client, ticket
}

// bearTokens has replies be known by tokens, too, as the program does.
func (th *thread) bearTokens(ask bool) {
	th.server.Recipients = th.server.Recipients.WithSubaddresses()
	th.db.Configure(policy.Settings{MaxHeader: message.MaxHeader, AskToken: ask,
		Token: func(env *message.Envelope) (t policy.Token) {
			t.Recipient, t.Ticket = th.tokens.Token(env)
			return t
		}})
}

// idOf is the part of a reply that no two share.
var idOf = regexp.MustCompile(`[0-9a-f-]{36}`)

// send has a message come by a listener, and holds the reply against the only one there is.
func (th *thread) send(at net.Addr, to, raw string) {
	th.Helper()
	conn, err := net.Dial("tcp", at.String())
	check(th, err)
	from := message.Parse([]byte(raw)).Sender().Address.String()
	text := textproto.NewConn(conn)
	reply := ""
	for _, step := range []string{"", "EHLO mx.test", "MAIL FROM:<" + from + ">",
		"RCPT TO:<" + to + ">", "DATA", raw + "."} {
		if step != "" {
			check(th, text.PrintfLine("%s", step))
		}
		_, reply, err = text.ReadResponse(0)
		check(th, err)
	}
	if got := idOf.ReplaceAllString(reply, "ID"); got != "2.0.0 Ok: ID" {
		th.Errorf("message %d is answered %q", len(th.outcomes), reply)
	}
	check(th, text.Close())
}

// holds compares what became of the messages, as was decided and as the database has it.
func (th *thread) holds(want []string) {
	th.Helper()
	if len(want) != len(th.outcomes) {
		th.Fatalf("%d outcomes, want %d", len(th.outcomes), len(want))
	}
	comments := map[string]int64{}
	for c, err := range th.db.Comments(th.Context(), 0) {
		check(th, err)
		comments[c.DecisionID] = c.Ticket
	}
	joined := 0
	for i, out := range th.outcomes {
		got := fmt.Sprintf("%d: %s", i+1, out.Decision.Action)
		switch out.Decision.Action {
		case policy.Suspend:
			got += " " + out.Decision.Cause.String()
		case policy.Comment:
			got += fmt.Sprint(" ", comments[out.ID])
			joined++
		}
		if got != want[i] {
			th.Errorf("%s, want %s: %s", got, want[i], out.Decision.Why())
		}
	}
	if joined != len(comments) {
		th.Errorf("%d comments are kept, and %d were decided", len(comments), joined)
	}
	b, err := th.db.Balance(th.Context())
	if check(th, err); b.Difference() != 0 || b.Comments != int64(joined) {
		th.Errorf("%s: %d", b, b.Difference())
	}
}
