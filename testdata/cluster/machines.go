package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A machine is what would be one: a Patroni, and the processes of its PostgreSQL. All of them have their
// working directory in its folder, and nobody else has.
type machine struct {
	name       string
	dir        string
	port, rest int // of PostgreSQL and of Patroni
}

// A cluster is three machines, and the etcd that they agree by.
type cluster struct {
	dir      string
	bin      string // of PostgreSQL
	etcd     int    // its port
	machines []*machine
}

// patroniText is the configuration of a machine. What it says of etcd is for Debian's Patroni 3.0.2,
// whose section etcd3 has a leader that was stopped take its place back from the next.
const patroniText = `scope: gate
name: %[1]s
restapi: {listen: 127.0.0.1:%[3]d, connect_address: 127.0.0.1:%[3]d}
etcd: {host: 127.0.0.1:%[4]d}
bootstrap:
  dcs:
    ttl: 10
    loop_wait: 2
    retry_timeout: 3
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {max_connections: 100, wal_level: replica, max_wal_senders: 10, wal_log_hints: "on",
        shared_buffers: 64MB, max_wal_size: 256MB, wal_retrieve_retry_interval: 500ms}
  initdb: [{encoding: UTF8}, {locale: C}, data-checksums, {auth-host: trust}, {auth-local: trust}]
  pg_hba: [host all all 127.0.0.1/32 trust, local all all trust, host replication all 127.0.0.1/32 trust]
postgresql:
  listen: 127.0.0.1:%[2]d
  connect_address: 127.0.0.1:%[2]d
  data_dir: %[5]s/data
  bin_dir: %[6]s
  pgpass: %[5]s/pgpass
  authentication:
    superuser: {username: postgres, password: x}
    replication: {username: standby, password: x}
    rewind: {username: postgres, password: x}
  parameters: {unix_socket_directories: %[5]s}
`

func newCluster(dir, bin string) (*cluster, error) {
	c := &cluster{dir: dir, bin: bin}
	ports, err := freePorts(8)
	if err != nil {
		return nil, err
	}
	c.etcd = ports[0]
	for i := range 3 {
		m := &machine{name: fmt.Sprint("n", i+1), port: ports[2+2*i], rest: ports[3+2*i]}
		m.dir = filepath.Join(dir, m.name)
		text := fmt.Sprintf(patroniText, m.name, m.port, m.rest, c.etcd, m.dir, bin)
		if err := makeFolder(m.dir); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(m.dir, "patroni.yml"), []byte(text), 0o644); err != nil {
			return nil, err
		}
		c.machines = append(c.machines, m)
	}
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	etcd := filepath.Join(dir, "etcd")
	if err := makeFolder(etcd); err != nil {
		return nil, err
	}
	return c, start(etcd, true, "etcd", "--enable-v2", "--name", "e1", "--data-dir", filepath.Join(etcd, "data"),
		"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer, "--initial-cluster", "e1="+peer)
}

// makeFolder makes one that belongs to who runs PostgreSQL.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	as, err := whoServes()
	if as == nil || err != nil {
		return err
	}
	return os.Chown(dir, int(as.Uid), int(as.Gid))
}

// whoServes is nil unless we are root, which PostgreSQL refuses to run for.
func whoServes() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, err2)
}

// start starts a program that has its folder and its log there; as who runs PostgreSQL, if it serves.
func start(dir string, serves bool, name string, args ...string) (err error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Setpgid: true}
	if serves {
		if cmd.SysProcAttr.Credential, err = whoServes(); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err = cmd.Start(); err == nil {
		go func() { _ = cmd.Wait() }() // how it ends is what this is about
	}
	return err
}

// signal sends a signal to all processes that have their working directory in a folder, until those that
// they started meanwhile have it as well.
func signal(dir string, sig syscall.Signal) error {
	told := map[int]bool{}
	for range 50 {
		news := false
		for _, pid := range inside(dir) {
			if !told[pid] {
				told[pid], news = true, true
				_ = syscall.Kill(pid, sig) // it may have ended
			}
		}
		if !news && (sig != syscall.SIGKILL || len(inside(dir)) == 0) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s: %v did not come to its end", dir, sig)
}

// inside are the processes that have their working directory in a folder.
func inside(dir string) (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		at, err := os.Readlink(link)
		if err == nil && (at == dir || strings.HasPrefix(at, dir+"/")) {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

func (m *machine) start() error {
	return start(m.dir, true, "patroni", filepath.Join(m.dir, "patroni.yml"))
}

func (m *machine) kill() error { return signal(m.dir, syscall.SIGKILL) }

// ask asks its Patroni.
func (m *machine) ask(method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://127.0.0.1:%d%s", m.rest, path),
		bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s of %s: %s: %s", method, path, m.name, resp.Status, answer)
	}
	return nil
}

// row reads one row of a database of it.
func (m *machine) row(database, query string, into ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, fmt.Sprintf(
		"postgres://postgres@127.0.0.1:%d/%s?sslmode=disable&connect_timeout=2", m.port, database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if len(into) == 0 {
		_, err = conn.Exec(ctx, query)
		return err
	}
	return conn.QueryRow(ctx, query).Scan(into...)
}

// primary is the machine that takes writes, and its standbys by their state; nil if there is none, or
// more than one.
func (c *cluster) primary() (primary *machine, standbys map[string]string) {
	for _, m := range c.machines {
		var streams, lags string
		var replica bool
		err := m.row("postgres", `select pg_is_in_recovery(),
			coalesce(string_agg(application_name || '=' || sync_state, ' ')
				filter (where state = 'streaming'), ''),
			coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn))
				filter (where not pg_is_in_recovery()), 0)::text
			from pg_stat_replication`, &replica, &streams, &lags)
		if err != nil || replica {
			continue
		}
		if primary != nil {
			return nil, nil
		}
		primary, standbys = m, map[string]string{}
		for _, s := range strings.Fields(streams) {
			name, state, _ := strings.Cut(s, "=")
			standbys[name] = state
		}
	}
	return primary, standbys
}

// standby is the machine of a state of synchronisation.
func (c *cluster) standby(sync string) (*machine, error) {
	_, standbys := c.primary()
	for _, m := range c.machines {
		if standbys[m.name] == sync {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no standby is %s: %v", sync, standbys)
}

// wait waits until both standbys stream, and commits wait for one of them. Who has stayed behind for
// long is made anew, and named. What Patroni says of itself is not asked: it calls one running that is
// not.
func (c *cluster) wait(most time.Duration) (anew []string, err error) {
	began := time.Now()
	for time.Since(began) < most {
		primary, standbys := c.primary()
		sync := false
		for _, state := range standbys {
			sync = sync || state == "sync" || state == "quorum"
		}
		if len(standbys) == 2 && sync {
			return anew, nil
		}
		if primary != nil && anew == nil && time.Since(began) > most/3 {
			for _, m := range c.machines {
				if m != primary && standbys[m.name] == "" {
					anew = append(anew, m.name)
					if err := m.ask("POST", "/reinitialize", map[string]bool{"force": true}); err != nil {
						fmt.Fprintln(os.Stderr, err)
					}
				}
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	primary, standbys := c.primary()
	return anew, fmt.Errorf("not whole after %v: primary %v, standbys %v", most, primary, standbys)
}
