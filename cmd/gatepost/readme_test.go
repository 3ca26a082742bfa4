package main

import (
	"bytes"
	"context"
	"fmt"
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

// readmeBlocks are the README's blocks in a language.
func readmeBlocks(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)\n```$")
	for _, block := range fence.FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(block[1]))
	}
	if blocks == nil {
		t.Fatalf("README.md has no block of %s", language)
	}
	return blocks
}

// readmeLines are the lines of the README's blocks in a language.
func readmeLines(t *testing.T, language string) []string {
	t.Helper()
	return strings.Split(strings.Join(readmeBlocks(t, language), "\n"), "\n")
}

// The README's configurations are sound, with a certificate of ours in the place of theirs,
// and one may listen on both families at once.
func TestReadmeConfigurations(t *testing.T) {
	dir := t.TempDir()
	if err := writeCertificate(filepath.Join(dir, "gate")); err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile(`(?m)^(tls_cert|tls_key)( *= *").*/([a-z]+)\.pem"(?: +#.*)?$`)
	ours := strings.NewReplacer("fullchain.pem", "gate.crt", "privkey.pem", "gate.key")
	for i, block := range readmeBlocks(t, "toml") {
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
		"go build -o gatepost ./cmd/gatepost", "", "exec ./gatepost serve", "exec true").
		Replace(string(script))
	readme := readmeLines(t, "sh")
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

// What the README has Postfix run takes a message, a bounce to two recipients too: pipe(8)
// repeats the argument that holds ${recipient}.
func TestReadmePipe(t *testing.T) {
	_, argv, ok := strings.Cut(strings.Join(readmeLines(t, "master"), " "),
		"argv=/usr/local/bin/gatepost ")
	if !ok {
		t.Fatal("the README has no line for master.cf")
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

// What the README has Exim and OpenSMTPD call says 0 and 1 as it is, and all else is 75.
func TestReadmeIngest(t *testing.T) {
	const path = "/usr/local/bin/gatepost"
	script := strings.Join(readmeLines(t, "ingest"), "\n")
	for _, language := range []string{"exim", "smtpd"} {
		if !strings.Contains(strings.Join(readmeLines(t, language), "\n"), path+"-ingest") {
			t.Errorf("%s calls something else", language)
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

// The README's table of what IP restrictions do not hold for is what the routes say.
func TestReadmeExemptions(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| endpoint | why |\n| --- | --- |\n")
	table, _, found := strings.Cut(table, "\n\n")
	if !found {
		t.Fatal("README.md has no table of endpoint and why")
	}
	var rows []string
	for _, e := range httpd.Exempt() {
		rows = append(rows, "| `"+e.Endpoint+"` | "+e.Reason+" |")
	}
	if want := strings.Join(rows, "\n"); table != want || len(rows) < 5 {
		t.Errorf("README.md has\n%s\nand `gatepost access exempt` says\n%s", table, want)
	}
}

// The README's table of what may stand in front is that of the rules.
func TestReadmeProducts(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| which mean spam |\n"+strings.Repeat("| --- ", 6)+"|\n")
	table, _, found := strings.Cut(table, "\n\n")
	if !found {
		t.Fatal("README.md has no table of products")
	}
	var rows []string
	for _, p := range policy.Products() {
		rows = append(rows, productRow(p))
	}
	if want := strings.Join(rows, "\n"); table != want {
		t.Errorf("README.md has\n%s\nand the table of products is\n%s", table, want)
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

// What the README has root install is what its service, its pipe and its configurations
// look for, and its commands are ones of ours.
func TestReadmeInstalls(t *testing.T) {
	install := readmeBlocks(t, "bash")[0]
	service := strings.Join(readmeLines(t, "systemd"), "\n")
	for _, c := range []struct{ pattern, in string }{
		{`(?m)^ExecStart=(\S+) serve$`, service},
		{`(?m)^WorkingDirectory=(\S+)$`, service},
		{`(?m)^User=(\S+)$`, service},
		{`argv=(\S+) ingest`, strings.Join(readmeLines(t, "master"), "\n")},
		{`db = "(\S+)/gatepost.db"`, strings.Join(readmeLines(t, "toml"), "\n")},
	} {
		found := regexp.MustCompile(c.pattern).FindStringSubmatch(c.in)
		if found == nil || !strings.Contains(install, " "+found[1]+"\n") &&
			!strings.HasSuffix(install, " "+found[1]) {
			t.Errorf("%s: the README installs no %q", c.pattern, found)
		}
	}
	if dir := filepath.Dir(settings.Files()[1]); !strings.Contains(install, "install -d "+dir+"\n") {
		t.Errorf("the README makes no %s", dir)
	}
	ours := regexp.MustCompile(`(?m)sudo -u gatepost gatepost ([a-z]+) ([a-z]+)`)
	for _, m := range ours.FindAllStringSubmatch(strings.Join(readmeLines(t, "bash"), "\n"), -1) {
		if code, out, _ := runWith(t, "absent.db", "", m[1], m[2], "--help"); code != exitDone ||
			!strings.Contains(out, "gatepost "+m[1]+" "+m[2]) {
			t.Errorf("%s: exit %d, %s", m[0], code, out)
		}
	}
}

// What the README has cron run is our program as the service's user, and makes a backup.
func TestReadmeCron(t *testing.T) {
	fields := strings.Fields(strings.Join(readmeLines(t, "cron"), "\n"))
	service := strings.Join(readmeLines(t, "systemd"), "\n")
	if len(fields) < 8 || !strings.Contains(service, "\nUser="+fields[5]+"\n") ||
		!strings.Contains(service, "\nExecStart="+fields[6]+" serve\n") {
		t.Fatalf("cron runs %q", fields)
	}
	db := filepath.Join(t.TempDir(), "gatepost.db")
	if code, _, stderr := runWith(t, db, "", "user", "add", "ann@acme.test"); code != exitDone {
		t.Fatal(stderr)
	}
	args := fields[7:]
	dir := &args[len(args)-1]
	text, err := os.ReadFile("../../README.md")
	install := "install -d -o gatepost -g gatepost -m 0700 " + *dir
	if err != nil || !strings.Contains(string(text), install) {
		t.Errorf("nobody makes %s, %v", *dir, err)
	}
	*dir = filepath.Join(t.TempDir(), "backup")
	for range 2 {
		if code, out, stderr := runWith(t, db, "", args...); code != exitDone || out+stderr != "" {
			t.Errorf("%q: exit %d, %s%s", args, code, out, stderr)
		}
	}
}

// The README tells what each layout of the tables added.
func TestReadmeNamesEveryLayout(t *testing.T) {
	steps, err := filepath.Glob("../../store/migrations/*.sql")
	if err != nil || len(steps) == 0 {
		t.Fatal(steps, err)
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| layout | what it added |\n")
	for i := range steps {
		if !strings.Contains(table, fmt.Sprintf("\n| %d | ", i+1)) {
			t.Errorf("README.md has no row for layout %d: %s", i+1, steps[i])
		}
	}
}

// The service of the README has of the machine what it needs: it cannot change its kernel,
// clock, devices or others' files, nor make a file that others read, and hands over what its
// own user cannot read. `systemd-analyze security --offline=true` says 1.5 of it.
func TestReadmeServiceIsConfined(t *testing.T) {
	service := readmeLines(t, "systemd")
	for _, line := range []string{"CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "UMask=0077",
		"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "ProtectProc=invisible",
		"ProtectClock=yes", "ProtectHostname=yes", "ProtectControlGroups=yes",
		"ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
		"PrivateDevices=yes", "PrivateTmp=yes", "MemoryDenyWriteExecute=yes", "LockPersonality=yes",
		"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK", "RestrictNamespaces=yes",
		"RestrictRealtime=yes", "RestrictSUIDSGID=yes", "SystemCallArchitectures=native",
		"SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources"} {
		if !slices.Contains(service, line) {
			t.Errorf("the service has no %s", line)
		}
	}
	config := strings.Join(readmeLines(t, "toml"), "\n")
	for _, line := range service {
		credential, ok := strings.CutPrefix(line, "LoadCredential=")
		name, _, _ := strings.Cut(credential, ":")
		if ok && !strings.Contains(config, `"/run/credentials/gatepost.service/`+name+`"`) {
			t.Errorf("%s is nowhere in the configuration", line)
		}
	}
}

// The image runs as a user that is known by number: a name could be root's.
func TestImageRunsAsANumber(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	users := regexp.MustCompile(`(?m)^USER (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(users) != 1 || users[0][1] != "1000:1000" {
		t.Errorf("the image runs as %q", users)
	}
}
