package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// strangerID is a user who owns nothing here.
const strangerID = 65534

// A database that is another user's is used as that user, and one of ours is mended: nobody
// is told to loosen what is another's. Root runs this as nobody, and others as themselves.
func TestDenied(t *testing.T) {
	stranger := os.Getuid() == 0
	for _, c := range []struct {
		name, says, mend string
		folder, file     os.FileMode // file 0: there is none
	}{
		{"new, in a folder to read only", "cannot be made (permission denied): ",
			"make the folder DIR writable", 0o555, 0},
		{"folder that is shut", "database DIR/gatepost.db: permission denied: ",
			"let yourself into its folder", 0o000, 0o600},
		{"database to read only", "gatepost.db cannot be read and written (permission denied): ",
			"make it readable and writable", 0o755, 0o400},
		{"folder cannot be written", "SQLite writes beside its database even to read it: ",
			"make it writable", 0o555, 0o666},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, program := openFolder(t, stranger)
			db := filepath.Join(dir, "gatepost.db")
			if c.file != 0 {
				runWith(t, db, "", "rules", "add", "block", "held.test")
				chmod(t, db, c.file)
			}
			chmod(t, dir, c.folder)
			t.Cleanup(func() { chmod(t, dir, 0o700) })
			cmd := exec.Command(program, "--db", db, "rules", "add", "block", "held.test")
			cmd.Dir = "/"
			mend := c.mend
			if stranger {
				cmd.SysProcAttr = &syscall.SysProcAttr{
					Credential: &syscall.Credential{Uid: strangerID, Gid: strangerID}}
				mend = "run as its owner: sudo -u " + machineUser() + " gatepost …"
			}
			out, err := cmd.CombinedOutput()
			want := strings.ReplaceAll(c.says+mend, "DIR", dir)
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("%v: %s\nwant %s", err, out, want)
			}
		})
	}
}

// openFolder is an empty folder, and the program; others may reach and run both.
func openFolder(t *testing.T, others bool) (dir, program string) {
	t.Helper()
	path, err := exec.LookPath("gatepost")
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "db")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if !others {
		return dir, path
	}
	above := filepath.Dir(dir)
	chmod(t, above, 0o755)
	chmod(t, filepath.Dir(above), 0o755)
	program = filepath.Join(above, "gatepost")
	// By another process: what this one has open for writing nobody can run (ETXTBSY).
	if out, err := exec.Command("install", "-m", "755", path, program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir, program
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
