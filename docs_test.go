package gatepost_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inOrder are the documents with commands to type, as somebody does who goes on from one to
// the next.
var inOrder = []string{"README.md", "docs/replay.md", "docs/relays.md", "docs/api.md",
	"docs/console.md", "docs/operations.md", "docs/moving.md"}

// languages are those that blocks are in, with what holds them to what they say: what is sh is
// run here, the others are read by tests of cmd/gatepost and courier.
var languages = []string{"sh", "bash", "toml", "zone", "text", "json"}

// A block is a fenced block of a document.
type block struct{ file, language, text string }

// documents are all that people read beside the code, by their paths.
func documents(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/causes/*.md", "findings/*.md",
		"testdata/*/README.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	return files
}

var fenced = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func blocksOf(t *testing.T, file string) (blocks []block) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(readText(t, file), -1) {
		blocks = append(blocks, block{file, m[1], m[2]})
	}
	return blocks
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocsHaveTestedBlocks: a block of commands stands in no document but those that are run,
// and no block is in a language that nobody reads.
func TestDocsHaveTestedBlocks(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range blocksOf(t, file) {
			if !slices.Contains(languages, b.language) {
				t.Errorf("%s has a block of %q, which no test reads", file, b.language)
			}
			if b.language == "sh" && !slices.Contains(inOrder, file) {
				t.Errorf("%s has commands, and inOrder does not name it", file)
			}
		}
	}
	if n := strings.Count(readText(t, "README.md"), "\n"); n > 200 {
		t.Errorf("README.md has %d lines: move what is not the first minute into docs", n)
	}
}

// TestDocsRun runs every block of commands in order, as a newcomer would in two terminals.
// scripts/test is left out: it is what runs this.
func TestDocsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	dir := checkout(t)
	var server listening
	ran := 0
	for _, file := range inOrder {
		for _, b := range blocksOf(t, file) {
			switch {
			case b.language != "sh" || b.text == "scripts/test\n":
				continue
			case b.text == "scripts/run\n":
				server = start(t, dir)
			default:
				server.run(t, dir, b)
			}
			ran++
		}
	}
	if ran < 15 {
		t.Fatalf("only %d blocks of commands were found", ran)
	}
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

// A listening is what the server says once it takes mail: where.
type listening struct{ Msg, SMTP, HTTP string }

// environ is the environment of a newcomer: without settings of whoever runs the tests, and
// without what these are built with.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GATEPOST_") || strings.HasPrefix(v, "GOFLAGS=") ||
			strings.HasPrefix(v, "CGO_CFLAGS=")
	})
}

// start runs scripts/run as in a first terminal, until it takes mail, on ports that are free.
func start(t *testing.T, dir string) listening {
	t.Helper()
	cmd := exec.Command("scripts/run")
	cmd.Dir = dir
	cmd.Env = append(environ(), "GATEPOST_SMTP_LISTEN=127.0.0.1:0", "GATEPOST_HTTP_LISTEN=127.0.0.1:0")
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
	said := make(chan listening, 1)
	go readUntilListening(stderr, said)
	select {
	case server := <-said:
		if server.SMTP == "" || server.HTTP == "" {
			t.Fatalf("scripts/run ended: %s", server.Msg)
		}
		return server
	case <-time.After(10 * time.Minute):
		t.Fatal("scripts/run does not say that it listens")
	}
	return listening{}
}

// readUntilListening says where the server listens, or what came before its end, and goes on
// reading.
func readUntilListening(stderr interface{ Read([]byte) (int, error) }, said chan<- listening) {
	var before []string
	found := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		var line listening
		before = append(before, lines.Text())
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" && !found {
			found = true
			said <- line
		}
	}
	if !found {
		said <- listening{Msg: strings.Join(before, "\n")}
	}
}

// wanted is what a person should see of the blocks that the text makes promises about.
var wanted = map[string]string{
	"./gatepost ticket list":                              `juergen@example\.com`,
	"./gatepost suspended list":                           `hal@held\.test(?s:.*)smallest change(?s:.*)ticket 3`,
	"./gatepost explain blocklisted":                      `an entry of the blocklist holds it`,
	"./gatepost status":                                   `reject:domain 1`,
	"./gatepost rules add allow kim":                      `kim@held\.test`,
	"./gatepost replay testdata/eml/open --b":             `messages: [0-9]+ ticket, [0-9]+ suspend, [0-9]+ reject`,
	"./gatepost replay testdata/eml/cl":                   `11 messages: 5 ticket, 5 suspend, 1 reject`,
	"./gatepost replay testdata/eml/pr":                   `^ticket(?s:.*)suspend\tfailed_email_authentication`,
	"printf 'From: Una":                                   `^[0-9a-f-]{36}\n$`,
	"printf 'correct":                                     `root@help\.test has a profile now: admin`,
	"printf 'From: Hal":                                   `"suspended_tickets":(?s:.*)"ticket":(?s:.*)"added":1`,
	"./gatepost access":                                   `decision  allowed(?s:.*)> ranges`,
	"./gatepost rules add block late":                     `\+late\.test(?s:.*)is undone: rules\.add block`,
	"./gatepost import zendesk docs/examples/zendesk --d": `5 rows: 4 new, 2 of them suspended`,
	"./gatepost import zendesk docs/examples/zendesk --s": `bob@home\.test\s+suspend(?s:.*)Client Ltd`,
	"./gatepost backup":                                   `messages in backups: (?s:.*) restored to restored\.db(?s:.*)ticket`,
}

// run runs a block against the server, wherever that listens.
func (l listening) run(t *testing.T, dir string, b block) {
	t.Helper()
	ports := strings.NewReplacer("127.0.0.1:2525", l.SMTP, "127.0.0.1:8025", l.HTTP)
	text := ports.Replace(b.text)
	cmd := exec.Command("bash", "-euc", text)
	cmd.Dir = dir
	cmd.Env = append(environ(), fmt.Sprint("GATEPOST_SMTP_LISTEN=", l.SMTP),
		fmt.Sprint("GATEPOST_HTTP_LISTEN=", l.HTTP))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %s%v: %s", b.file, text, err, out)
	}
	for start, want := range wanted {
		if strings.HasPrefix(b.text, start) && !regexp.MustCompile(want).Match(out) {
			t.Errorf("%s: %sprinted %s\nwhich has no %s", b.file, text, out, want)
		}
	}
}
