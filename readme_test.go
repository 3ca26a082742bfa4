package gatepost_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadme runs every command block of the README in order, as a newcomer would in two
// terminals. scripts/test is left out: it is what runs this.
func TestReadme(t *testing.T) {
	dir := checkout(t)
	ran := 0
	for _, block := range commandBlocks(t) {
		switch block {
		case "scripts/test\n":
		case "scripts/run\n":
			start(t, dir)
		default:
			runBlock(t, dir, block)
		}
		ran++
	}
	if ran < 8 {
		t.Fatalf("only %d command blocks were found", ran)
	}
}

// commandBlocks are the README's blocks of shell commands.
func commandBlocks(t *testing.T) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

// checkout is a copy of what the project consists of, as a clone has it.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(files)) {
		b, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		info, e := os.Stat(name)
		if err != nil || e != nil {
			t.Fatal(err, e)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// start runs scripts/run as in a first terminal, until it takes mail.
func start(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("scripts/run")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("scripts/run ended with %v", err)
		}
	})
	said := make(chan error, 1)
	go func() { said <- listening(stderr) }()
	select {
	case err := <-said:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Minute):
		t.Fatal("scripts/run does not say that it listens")
	}
}

// listening reads until the server says that it takes mail, and goes on reading behind.
func listening(stderr interface{ Read([]byte) (int, error) }) error {
	lines := bufio.NewScanner(stderr)
	var before []string
	for lines.Scan() {
		if before = append(before, lines.Text()); strings.Contains(lines.Text(), "listening") {
			go func() {
				for lines.Scan() {
				}
			}()
			return nil
		}
	}
	return fmt.Errorf("scripts/run ended: %s", strings.Join(before, "\n"))
}

// wanted is what a person should see of the blocks that the text makes promises about.
var wanted = map[string]string{
	"./gatepost ticket list":            `juergen@example\.com`,
	"./gatepost suspended list":         `hal@held\.test(?s:.*)smallest change(?s:.*)ticket 3`,
	"./gatepost status":                 `reject:domain 1`,
	"./gatepost replay testdata/eml/cl": `11 messages: 5 ticket, 5 suspend, 1 reject`,
	"./gatepost replay testdata/eml/pr": `^ticket(?s:.*)suspend\tfailed_email_authentication`,
	"printf 'From: Una":                 `^[0-9a-f-]{36}\n$`,
	"printf 'correct":                   `root@help\.test has a profile now: admin`,
	"printf 'From: Hal":                 `"suspended_tickets":(?s:.*)"ticket":(?s:.*)"added":1`,
	"./gatepost access":                 `decision  allowed(?s:.*)> ranges`,
	"./gatepost rules add block late":   `\+late\.test(?s:.*)is undone: rules\.add block`,
	"./gatepost backup":                 `messages in backups: (?s:.*) restored to restored\.db(?s:.*)ticket`,
}

func runBlock(t *testing.T, dir, block string) {
	t.Helper()
	cmd := exec.Command("bash", "-euc", block)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s%v: %s", block, err, out)
	}
	for start, want := range wanted {
		if strings.HasPrefix(block, start) && !regexp.MustCompile(want).Match(out) {
			t.Errorf("%sprinted %s\nwhich has no %s", block, out, want)
		}
	}
}

// TestReadmeNamesEverySetting holds the table of settings against the program.
func TestReadmeNamesEverySetting(t *testing.T) {
	out, err := exec.Command("go", "run", "./cmd/gatepost", "config", "show").Output()
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	settings := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(settings) < 10 {
		t.Fatalf("config show printed %s", out)
	}
	for _, line := range settings {
		fields := strings.Split(string(line), "\t")
		row := "`" + fields[0] + "`"
		if !bytes.Contains(readme, []byte(row)) {
			t.Errorf("README.md has no row for %s", fields[0])
		} else if fields[1] != "" && !regexp.MustCompile(`(?m)^\|.*`+row+`.*`+
			regexp.QuoteMeta(fields[1])).Match(readme) {
			t.Errorf("README.md has another default for %s than %s", fields[0], fields[1])
		}
	}
}
