package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/store/storetest"
)

// replicating opens the database of a path with replicated set, and with a setting of its sessions.
func replicating(t *testing.T, path, setting string) (*DB, error) {
	t.Helper()
	u, err := url.Parse(at(t, path))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("options", "-c "+setting)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return Open(u.String(), Options{Replicated: true, waits: shortWaits})
}

// nameStandby has the server wait for a standby of a name, or for none.
func nameStandby(t *testing.T, path, name string) {
	t.Helper()
	for _, statement := range []string{
		fmt.Sprintf("alter system set synchronous_standby_names = '%s'", name),
		"select pg_reload_conf()"} {
		if err := storetest.Run(at(t, path), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// Where a commit is to wait for a standby and does not, no server starts and no message is taken; once it
// does again, messages are. The server of the tests has no standby: what waits for one is in doubt.
func TestNotReplicated(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	db, err := replicating(t, path, "synchronous_commit=on")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Lock(context.Background()); !errors.Is(err, ErrNotReplicated) ||
		!strings.Contains(err.Error(), `"" and on`) {
		t.Errorf("a server starts: %v", err)
	}
	f := &fixture{T: t, DB: db, path: path, clock: noon}
	if _, _, err := f.tryReceive(mail("a@acme.test", "alone", "x")); !errors.Is(err, ErrNotReplicated) {
		t.Errorf("a message is taken that is on one machine: %v", err)
	}
	if err := f.Ping(context.Background()); !errors.Is(err, ErrNotReplicated) {
		t.Errorf("ready: %v", err)
	}
	if _, why := f.Outage(); !errors.Is(why, ErrNotReplicated) {
		t.Errorf("what nothing can be written for: %v", why)
	}
	if list := all(t, f.ListTickets(context.Background(), Query{})); len(list) > 0 {
		t.Errorf("%d tickets of a refused message", len(list))
	}

	nameStandby(t, path, "nobody")
	t.Cleanup(func() { nameStandby(t, path, "") })
	_, _, err = f.tryReceive(mail("a@acme.test", "waits", "x"))
	for tries := 0; errors.Is(err, ErrNotReplicated) && tries < 100; tries++ { // it is read in a moment
		pause()
		_, _, err = f.tryReceive(mail("a@acme.test", "waits", "x"))
	}
	if !errors.Is(err, errInDoubt) {
		t.Errorf("what waits for a standby that is not there: %v", err)
	}
	r, err := db.Replication(context.Background())
	if err != nil || !r.Waits || r.Names != "nobody" || len(r.Standbys) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	local, err := replicating(t, path, "synchronous_commit=local")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	if err := local.Ping(context.Background()); !errors.Is(err, ErrNotReplicated) {
		t.Errorf("ready with synchronous_commit = local: %v", err)
	}
}
