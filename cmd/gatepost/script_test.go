package main

import (
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gatepost/settings"
	"gatepost/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(byDefault{m}, map[string]func(){"gatepost": mainByClock})
}

// byDefault are tests that go by no settings of whoever runs them.
type byDefault struct{ *testing.M }

func (m byDefault) Run() int {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		// What the tests are told is no setting.
		if strings.HasPrefix(name, "GATEPOST_") && settings.Defaults().Strays([]string{pair}) == nil {
			_ = os.Unsetenv(name) // of a name that there is
		}
	}
	dir, err := os.MkdirTemp("", "gatepost-plain")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	plainFolder = dir
	code := m.M.Run()
	if started != nil {
		if err := started.close(); err != nil {
			log.Print(err)
			return max(code, 1)
		}
	}
	return code
}

// ofTheFile are the scripts that name the database's file, or say what becomes of it, its disk and what
// lies beside it: they do not run on PostgreSQL.
var ofTheFile = strings.Fields("audit backup completion config config_values damaged database doctor " +
	"explain explain_change handoff handoff-kinds ingest_envelope reply_tokens rules " +
	"serve_limits serve_refused serve_stop status")

// TestScripts runs the program as its users do, a script a behaviour.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if storetest.OnServer() {
		files = slices.DeleteFunc(files, func(file string) bool {
			return slices.Contains(ofTheFile, strings.TrimSuffix(filepath.Base(file), ".txtar"))
		})
	}
	var databases atomic.Int64
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// The race detector waits a second at the end of each process, unless told not to.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			path, err := plainPath()
			env.Setenv("PATH", path)
			env.Setenv("TESTED", os.Getenv("PATH")) // where the program goes by clockFile
			root, e := filepath.Abs("../..")
			env.Setenv("ROOT", root)
			if storetest.OnServer() {
				env.Setenv("GATEPOST_DB", storetest.Make(t, fmt.Sprint("script", databases.Add(1)),
					"template template0 "+storetest.As))
			}
			env.Values[serverKey{}], env.Values[sinkKey{}] = &testServer{}, &sinkOf{}
			env.Values[receiverKey{}] = &receiverOf{}
			return errors.Join(err, e)
		},
		Cmds: commands(),
		Condition: func(name string) (bool, error) {
			if name != "postgres" {
				return false, fmt.Errorf("no such condition: %s", name)
			}
			return storetest.OnServer(), nil
		},
	})
}

// commands are what scripts may use beyond the commands of testscript.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := listenerCommands()
	all["code"] = wantCode
	all["sql"] = runSQL
	all["let"] = setVariable
	return all
}

// runSQL does to a database what no program of ours would: sql FILE STATEMENT. On PostgreSQL that is the
// database of the script.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	if storetest.OnServer() {
		ts.Check(storetest.Run(ts.Getenv("GATEPOST_DB"),
			"set session_replication_role = replica; "+strings.ReplaceAll(args[1], "unixepoch()",
				"cast(extract(epoch from now()) as bigint)")))
		return
	}
	db, err := sql.Open("sqlite3", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec(args[1])
	ts.Check(errors.Join(err, db.Close()))
}

// setVariable sets a variable to what a file holds: let NAME FILE.
func setVariable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: let NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// wantCode runs a program and compares its exit code: code 2 gatepost rules show x.
func wantCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exited *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exited) {
		got = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
