package httpdtest

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gatepost/policy"
	"gatepost/store"
)

func Ranges(t *testing.T, text string) *policy.Ranges {
	t.Helper()
	r, err := policy.ParseRanges(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Changes are how many there are in the audit log.
func (st *Site) Changes() (n int) {
	st.Helper()
	for _, err := range st.DB.AuditLog(context.Background(), store.AuditQuery{}) {
		st.Must(err)
		n++
	}
	return n
}

// LastUse is when and from where a token was let through last.
func (st *Site) LastUse(id int64) (last store.Token) {
	st.Helper()
	for token, err := range st.DB.Tokens(context.Background()) {
		st.Must(err)
		if token.ID == id {
			last = token
		}
	}
	return last
}

func (st *Site) HeldNow() int64 {
	st.Helper()
	n, err := st.DB.CountSuspended(st.Context(), store.Query{})
	st.Must(err)
	return n
}

// List is a list as one line.
func (st *Site) List(name policy.ListName) string {
	st.Helper()
	var entries []string
	for r, err := range st.DB.Rules(st.Context(), name) {
		st.Must(err)
		entries = append(entries, r.Entry)
	}
	return strings.Join(entries, " ")
}

func (st *Site) User(email string, role policy.Role) {
	st.Helper()
	st.Must(st.Editor().AddUser(context.Background(), store.NewUser{Email: st.Address(email),
		Name: "Name of " + email, Role: role, MadeBy: "cli"}))
}

func (st *Site) Password(email, password string) {
	st.Helper()
	st.Must(st.Editor().SetPassword(context.Background(), st.Address(email),
		store.HashPassword(password)))
}

// Session is the token of a new session.
func (st *Site) Session(email string) string {
	st.Helper()
	u, err := st.DB.User(context.Background(), st.Address(email))
	st.Must(err)
	token, err := st.DB.NewSession(context.Background(), u, netip.MustParseAddr(Inside), "test")
	st.Must(err)
	return token
}

// Token is a new token of an owner, and its id.
func (st *Site) Token(email string) (secret string, id int64) {
	st.Helper()
	token, secret, err := st.Editor().AddToken(context.Background(),
		store.NewToken{Owner: st.Address(email), Name: "script"})
	st.Must(err)
	return secret, token.ID
}

// Rules replaces a list.
func (st *Site) Rules(list policy.ListName, text string) {
	st.Helper()
	entries, err := policy.ParseList(list, text)
	st.Must(err)
	_, err = st.Editor().SetRules(context.Background(), store.AnyGeneration,
		store.NewList{Name: list, Entries: entries})
	st.Must(err)
}

// Restrict sets the IP restrictions.
func (st *Site) Restrict(enabled bool, ranges string, bypass bool) {
	st.Helper()
	r, err := policy.ParseRanges(ranges)
	st.Must(err)
	st.Must(st.Editor().SetAccess(context.Background(), store.AnyGeneration, policy.Access{
		Enabled: enabled, Ranges: r, CustomersBypass: bypass}, netip.Addr{}, policy.Admin, true))
}

// BlockMany puts so many domains on the blocklist, each as the pattern has it with its number.
func (st *Site) BlockMany(n int, pattern string) {
	entries := make([]policy.Entry, n)
	for i := range entries {
		e, err := policy.ParseEntry(policy.Block, fmt.Sprintf(pattern, i))
		st.Must(err)
		entries[i] = e
	}
	_, err := st.Editor().AddRules(context.Background(), policy.Block, entries, store.Life{})
	st.Must(err)
}

// Target has tickets handed on to a target from now on, in the place of those before.
func (st *Site) Target(name string) {
	st.Helper()
	st.Must(st.DB.SetTargets(context.Background(), []store.Target{{Name: name, Kind: "smtp",
		Place: "desk.test:25", Events: []string{store.TicketCreated, store.CommentCreated}}}))
}

// Carry ends what waits for a target as it would if the other side had said so, and gives the
// ids of the hand-offs.
func (st *Site) Carry(target, state, said string) (ids []int64) {
	st.Helper()
	ctx := context.Background()
	run, err := st.DB.StartRun(ctx)
	st.Must(err)
	leases, err := run.Take(ctx, target, 100)
	st.Must(err)
	for _, l := range leases {
		st.Must(run.End(ctx, store.Carried{ID: l.ID, State: state, Said: said, Due: st.Clock.Now()}))
		ids = append(ids, l.ID)
	}
	return ids
}
