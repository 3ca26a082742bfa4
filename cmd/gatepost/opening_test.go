package main

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatepost/store/storetest"
)

// The first signal ends a server that waits to open its database, at once and well.
func TestStoppedWhileOpening(t *testing.T) {
	if !storetest.OnServer() {
		t.Skip("of PostgreSQL: runs where " + storetest.Variable + " names a server")
	}
	ctx, url := context.Background(), storetest.Make(t, "opening", "template template0 "+storetest.As)
	other, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	// As somebody has it who brings the tables up to date.
	if _, err := other.Exec(ctx, "select pg_advisory_lock(x'67617465'::int, 0)"); err != nil {
		t.Fatal(err)
	}
	g := &gateway{T: t, dir: t.TempDir(), env: []string{"GATEPOST_DB=" + url}}
	cmd, said := g.command("serve", "--smtp", "127.0.0.1:0"), &strings.Builder{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for waits := false; !waits; time.Sleep(time.Millisecond) {
		err := other.QueryRow(ctx, `select exists (select 1 from pg_locks l join pg_database d on d.oid = l.database
			where d.datname = current_database() and l.locktype = 'advisory' and not l.granted)`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || said.Len() > 0 {
		t.Errorf("%v: %s", err, said)
	}
}
