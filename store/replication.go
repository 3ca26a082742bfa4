package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotReplicated is what nothing is written with where a commit is to wait for a second machine,
// and the server does not have it do so.
var ErrNotReplicated = errors.New("replicated is set, but PostgreSQL does not wait for a standby: " +
	"synchronous_standby_names has to name one, and synchronous_commit to be on or remote_apply")

// waitsForStandby is whether a commit waits until a standby has it on its disk
// (https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION).
const waitsForStandby = `current_setting('synchronous_standby_names') <> '' and
	current_setting('synchronous_commit') in ('on', 'remote_apply')`

// proven is a number that is to be written at the end of a transaction. Where commits have to wait for a
// standby and do not, it is none, which the table refuses: to ask first would be one more trip.
func (p *postgres) proven(number string) string {
	if !p.replicated {
		return number
	}
	return "case when " + waitsForStandby + " then cast(" + number + " as bigint) end"
}

// unproven is ErrNotReplicated for what the table refused so.
func unproven(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "23502" && e.TableName == "writers" {
		return ErrNotReplicated
	}
	return err
}

// checkReplicated refuses to start where a commit does not wait, and says what is set.
func (p *postgres) checkReplicated(ctx context.Context) error {
	if !p.replicated {
		return nil
	}
	r, err := p.Replication(ctx)
	if err == nil && !r.Waits {
		err = fmt.Errorf("%w (they are %q and %s)", ErrNotReplicated, r.Names, r.Commit)
	}
	return err
}

// checkStandby refuses to begin what would never end: each commit waits for a standby, and none is there.
func (p *postgres) checkStandby(ctx context.Context) error {
	r, err := p.Replication(ctx)
	if err == nil && r.Names != "" && r.Commit != "local" && len(r.Standbys) == 0 {
		err = fmt.Errorf("each commit waits for a standby (synchronous_standby_names is %q), and none is "+
			"connected: start it, and then this", r.Names)
	}
	return err
}

// Replication is how a server of PostgreSQL has what is committed be on other machines as well.
type Replication struct {
	Waits    bool      `json:"waits"`                     // a commit waits for a standby
	Names    string    `json:"synchronous_standby_names"` // as the server has it
	Commit   string    `json:"synchronous_commit"`
	Standbys []Standby `json:"standbys"` // that are connected
	Hidden   bool      `json:"hidden"`   // no more of them can be seen than how many there are
}

// A Standby is another server that has what this one has, or is about to.
type Standby struct {
	Name   string  `json:"name"`
	State  string  `json:"state"`          // streaming once it has caught up
	Sync   string  `json:"sync_state"`     // sync or quorum: commits may wait for it; potential or async
	Behind int64   `json:"behind_octets"`  // of the log, not on its disk yet
	Late   float64 `json:"behind_seconds"` // until it shows what was last written
}

// Replication is nil for a database that is a file.
func (db *DB) Replication(ctx context.Context) (*Replication, error) {
	if _, is := db.engine.(*postgres); !is {
		return nil, nil
	}
	r := &Replication{Standbys: []Standby{}}
	_, err := one(ctx, db, func(row scanner) (none struct{}, err error) {
		return none, row.Scan(&r.Waits, &r.Names, &r.Commit)
	}, `select `+waitsForStandby+`, current_setting('synchronous_standby_names'),
		current_setting('synchronous_commit')`)
	if err != nil {
		return nil, fmt.Errorf("replication: %w", err)
	}
	for s, err := range each(ctx, db, scanStandby, standbysQuery) {
		if err != nil {
			return nil, fmt.Errorf("replication: %w", err)
		}
		r.Hidden = r.Hidden || s.State == ""
		r.Standbys = append(r.Standbys, s)
	}
	return r, nil
}

// standbysQuery gives rows of nothing to who is not a member of pg_read_all_stats.
const standbysQuery = `select application_name, state, sync_state,
		cast(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) as bigint),
		cast(extract(epoch from replay_lag) as float8)
	from pg_stat_replication order by sync_state desc nulls last, application_name`

func scanStandby(row scanner) (Standby, error) {
	var name, state, sync sql.NullString
	var behind sql.NullInt64
	var late sql.NullFloat64
	err := row.Scan(&name, &state, &sync, &behind, &late)
	return Standby{name.String, state.String, sync.String, max(behind.Int64, 0), late.Float64}, err
}

// Summary is the state of it, without what machines are called.
func (r *Replication) Summary() string {
	waits := "a commit does not wait for a standby"
	if r.Waits {
		waits = "a commit waits for a standby"
	}
	return fmt.Sprintf("%s; connected: %d", waits, len(r.Standbys))
}

// String is the Summary, and each standby where they can be seen.
func (r *Replication) String() string {
	if r.Hidden {
		return r.Summary() + " (to see more: grant pg_read_all_stats)"
	}
	all := r.Summary()
	for _, s := range r.Standbys {
		all += fmt.Sprintf("; %s %s %s, %d octets and %.1f s behind", s.Sync, s.Name, s.State, s.Behind,
			s.Late)
	}
	return all
}
