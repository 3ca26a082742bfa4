package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/settings"
)

// document is the text of a file of the project, by its path from the root.
func document(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// example is the text of a file of docs/examples.
func example(t *testing.T, name string) string { return document(t, "docs/examples/"+name) }

// blocksIn are the blocks in a language of a document.
func blocksIn(t *testing.T, path, language string) (blocks []string) {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)\n```$")
	for _, block := range fence.FindAllStringSubmatch(document(t, path), -1) {
		blocks = append(blocks, block[1])
	}
	if blocks == nil {
		t.Fatalf("%s has no block of %s", path, language)
	}
	return blocks
}

// configurations are the files and the blocks that are one of ours.
func configurations(t *testing.T) []string {
	t.Helper()
	return append([]string{example(t, "mx.toml")}, slices.Concat(
		blocksIn(t, "docs/install.md", "toml"), blocksIn(t, "docs/relays.md", "toml"),
		blocksIn(t, "docs/settings.md", "toml"))...)
}

// The configurations in docs are sound, with a certificate of ours in the place of theirs,
// and one may listen on both families at once.
func TestDocsConfigurations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := writeCertificate(filepath.Join(dir, "gate")); err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile(`(?m)^(tls_cert|tls_key)( *= *").*/([a-z]+)\.pem"(?: +#.*)?$`)
	ours := strings.NewReplacer("fullchain.pem", "gate.crt", "privkey.pem", "gate.key")
	for i, block := range configurations(t) {
		name := filepath.Join(t.TempDir(), "gatepost.toml")
		block = ours.Replace(files.ReplaceAllString(block, "$1$2"+dir+"/$3.pem\""))
		if err := os.WriteFile(name, []byte(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("gatepost", "config", "check", "--config", name).
			CombinedOutput(); err != nil {
			t.Errorf("configuration %d: %v: %s", i+1, err, out)
		}
	}
	for address, want := range map[string]string{"0.0.0.0:25": "tcp4", "[::]:25": "tcp6",
		":25": "tcp", "localhost:25": "tcp", "192.0.2.1:25": "tcp4", "[::1]:25": "tcp6"} {
		if got := family(address); got != want {
			t.Errorf("family of %s: %s, want %s", address, got, want)
		}
	}
}

// What scripts/run tells a newcomer to type are first commands of the README, which a test
// runs, with the address that the server listens on.
func TestRunPrintsCommandsOfReadme(t *testing.T) {
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "../..")
	script, err := os.ReadFile(filepath.Join(root, "scripts/run"))
	if err != nil {
		t.Fatal(err)
	}
	// The script without its building and without the server, on a program of ours.
	dry := strings.NewReplacer(`. "$(dirname "$0")/prepare"`, "set -eu; say() { :; }",
		"go build -trimpath -o gatepost ./cmd/gatepost", "", "exec ./gatepost serve", "exec true").
		Replace(string(script))
	readme := strings.Split(strings.Join(blocksIn(t, "README.md", "sh"), "\n"), "\n")
	t.Chdir(t.TempDir())
	testProgram(t)
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	for _, c := range []struct{ address, db string }{
		{"127.0.0.1:2525", "gatepost.db"}, {"127.0.0.1:2600", "other.db"}} {
		out, err := exec.Command("bash", "-c", dry, "scripts/run", "--smtp", c.address+" [::1]:2600",
			"--db", c.db).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		want := "takes mail on " + c.address + " and keeps it in " + c.db + "."
		if !strings.Contains(string(out), want) {
			t.Errorf("scripts/run does not say that it %s\n%s", want, out)
		}
		commands := regexp.MustCompile(`(?m)^    (.+)$`).FindAllStringSubmatch(string(out), -1)
		if len(commands) < 5 {
			t.Errorf("only %d commands were found in\n%s", len(commands), out)
		}
		for _, m := range commands {
			command := strings.ReplaceAll(m[1], c.address, "127.0.0.1:2525")
			if !slices.Contains(readme, command) {
				t.Errorf("scripts/run prints what the README does not have: %s", command)
			}
			if file, ok := strings.CutPrefix(command, "send "); ok {
				if _, err := os.Stat(filepath.Join(root, "testdata/eml/open", file)); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// scripts/run passes over a port on which somebody answers.
func TestRunTakesAFreePort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	function := regexp.MustCompile(`(?ms)^free\(\) \{.*?^\}\n`).FindString(document(t, "scripts/run"))
	out, err := exec.Command("bash", "-euc", "say() { :; }\n"+function+`free "$0"`,
		busy.Addr().String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	free, err := netip.ParseAddrPort(strings.TrimSpace(string(out)))
	if taken := busy.Addr().(*net.TCPAddr).AddrPort(); err != nil || free.Addr() != taken.Addr() ||
		free.Port() <= taken.Port() {
		t.Errorf("%s is in use, and taken is %s, %v", taken, out, err)
	}
}

// testProgram puts the program, which TestMain makes of this test, into the folder.
func testProgram(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("gatepost")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, "gatepost"); err != nil {
		t.Fatal(err)
	}
}

// What the example has Postfix run takes a message, a bounce to two recipients too: pipe(8)
// repeats the argument that holds ${recipient}.
func TestDocsPipe(t *testing.T) {
	_, argv, ok := strings.Cut(example(t, "postfix-master.cf"), "argv=/usr/local/bin/gatepost ")
	if !ok {
		t.Fatal("the example runs something else")
	}
	t.Chdir(t.TempDir())
	for _, sender := range []string{"MAILER-DAEMON", "una@example.com", `"q q"@held.test`} {
		var args []string
		for arg := range strings.FieldsSeq(argv) {
			arg = strings.ReplaceAll(arg, "${sender}", sender)
			if !strings.Contains(arg, "${recipient}") {
				args = append(args, arg)
				continue
			}
			for _, to := range []string{"support@example.com", "desk@example.com"} {
				args = append(args, strings.ReplaceAll(arg, "${recipient}", to))
			}
		}
		var stdout, stderr bytes.Buffer
		in := strings.NewReader("From: Una <una@example.com>\n\nHello.\n")
		if code := run(context.Background(), args, in, &stdout, &stderr); code != exitDone {
			t.Errorf("%q: exit %d: %s", args, code, stderr.String())
		}
	}
}

// What the examples have Exim and OpenSMTPD call says 0 and 1 as it is, and all else is 75.
func TestDocsIngest(t *testing.T) {
	const path = "/usr/local/bin/gatepost"
	script := example(t, "gatepost-ingest")
	for _, name := range []string{"exim.conf", "opensmtpd.conf"} {
		if !strings.Contains(example(t, name), path+"-ingest") {
			t.Errorf("%s calls something else", name)
		}
	}
	for end, want := range map[string]int{"exit 0": 0, "exit 1": 1, "exit 2": 75, "exit 75": 75,
		"exit 78": 75, "kill -9 $$": 75, `test "$1 $2" = "ingest --json"`: 0} {
		gate := filepath.Join(t.TempDir(), "gate")
		if err := os.WriteFile(gate, []byte("#!/bin/sh\n"+end+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/bin/sh", "-c", strings.Replace(script, path, gate, 1), "sh", "--json")
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != want {
			t.Errorf("%s: exit %d, %v", end, cmd.ProcessState.ExitCode(), err)
		}
	}
}

// The table of what IP restrictions do not apply to is what the routes say.
func TestDocsExemptions(t *testing.T) {
	_, table, _ := strings.Cut(document(t, "docs/console.md"), "\n| endpoint | why |\n| --- | --- |\n")
	table, _, found := strings.Cut(table, "\n\n")
	if !found {
		t.Fatal("docs/console.md has no table of endpoint and why")
	}
	var rows []string
	for _, e := range withParts(&httpd.Server{}).Exempt() {
		rows = append(rows, "| `"+e.Endpoint+"` | "+e.Reason+" |")
	}
	if want := strings.Join(rows, "\n"); table != want || len(rows) < 5 {
		t.Errorf("docs/console.md has\n%s\nand `gatepost access exempt` says\n%s", table, want)
	}
}

// The table of what may stand in front is that of the rules.
func TestDocsProducts(t *testing.T) {
	_, table, _ := strings.Cut(document(t, "docs/relays.md"), "| which mean spam |\n"+strings.Repeat("| --- ", 6)+"|\n")
	table, _, found := strings.Cut(table, "\n\n")
	if !found {
		t.Fatal("docs/relays.md has no table of products")
	}
	var rows []string
	for _, p := range policy.Products() {
		rows = append(rows, productRow(p))
	}
	if want := strings.Join(rows, "\n"); table != want {
		t.Errorf("docs/relays.md has\n%s\nand the table of products is\n%s", table, want)
	}
}

func productRow(p policy.Product) string {
	results, ids := p.Results.String(), "the relay's"
	if p.Removes {
		results += ", a sender's taken out"
	}
	switch {
	case p.Results == policy.Nowhere:
		ids = ""
	case p.Owns(""):
		ids = "none"
	case len(p.IDs) > 0:
		ids = "`" + strings.Join(p.IDs, "`, `") + "`"
	}
	var marks []string
	for _, m := range p.Spam {
		marks = append(marks, "`"+m.Field+"`: "+m.Says)
	}
	cells := []string{"`" + p.Name + "`", p.Title, results, ids, p.Marks.String(),
		strings.Join(marks, "; ")}
	row := ""
	for _, cell := range cells {
		if row += "| "; cell != "" {
			row += cell + " "
		}
	}
	return row + "|"
}

// What docs/install.md has root install is what the service, the pipe and the configurations
// look for, and is there; and its commands are ones of ours.
func TestDocsInstalls(t *testing.T) {
	blocks := blocksIn(t, "docs/install.md", "bash")
	install, service := "", example(t, "gatepost.service")
	for _, block := range blocks {
		if strings.Contains(block, "useradd") {
			install = block
		}
	}
	for _, c := range []struct{ pattern, in string }{
		{`(?m)^ExecStart=(\S+) serve$`, service},
		{`(?m)^WorkingDirectory=(\S+)$`, service},
		{`(?m)^User=(\S+)$`, service},
		{`argv=(\S+) ingest`, example(t, "postfix-master.cf")},
		{`db = "(\S+)/gatepost.db"`, example(t, "mx.toml")},
	} {
		found := regexp.MustCompile(c.pattern).FindStringSubmatch(c.in)
		if found == nil || !strings.Contains(install, " "+found[1]+"\n") {
			t.Errorf("%s: docs/install.md installs no %q", c.pattern, found)
		}
	}
	if dir := filepath.Dir(settings.Files()[1]); !strings.Contains(install, "install -d "+dir+"\n") {
		t.Errorf("docs/install.md makes no %s", dir)
	}
	all := strings.Join(slices.Concat(blocks, blocksIn(t, "docs/relays.md", "bash")), "\n")
	installed := regexp.MustCompile(`(?m)^sudo install .*?(docs/\S+)(?: (\S+))?$`)
	files := installed.FindAllStringSubmatch(all, -1)
	for _, m := range files {
		if found, err := filepath.Glob(filepath.Join("../..", m[1])); err != nil || len(found) == 0 {
			t.Errorf("%s: %v", m[0], err)
		}
		if m[2] == "" || strings.HasSuffix(m[1], "-ingest") {
			continue // a script begins with its interpreter
		}
		if head, _, _ := strings.Cut(document(t, m[1]), "\n"); !strings.Contains(head, m[2]) {
			t.Errorf("%s says %q, and is installed as %s", m[1], head, m[2])
		}
	}
	if len(files) < 4 {
		t.Errorf("only %d files are installed", len(files))
	}
	command := regexp.MustCompile(`(?m)sudo -u gatepost gatepost ([a-z]+) ([a-z]+)`)
	ours := command.FindAllStringSubmatch(all, -1)
	for _, m := range ours {
		if code, out, _ := runWith(t, "absent.db", "", m[1], m[2], "--help"); code != exitDone ||
			!strings.Contains(out, "gatepost "+m[1]+" "+m[2]) {
			t.Errorf("%s: exit %d, %s", m[0], code, out)
		}
	}
	if len(ours) == 0 {
		t.Error("no command of ours is among them")
	}
}

// docs/operations.md tells what each layout of the tables added.
func TestDocsNameEveryLayout(t *testing.T) {
	steps, err := filepath.Glob("../../store/migrations/*.sql")
	if err != nil || len(steps) == 0 {
		t.Fatal(steps, err)
	}
	_, table, _ := strings.Cut(document(t, "docs/operations.md"), "| layout | what it added |\n")
	for i := range steps {
		if !strings.Contains(table, fmt.Sprintf("\n| %d | ", i+1)) {
			t.Errorf("docs/operations.md has no row for layout %d: %s", i+1, steps[i])
		}
	}
}
