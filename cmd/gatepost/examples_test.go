package main

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v3"
)

// What cron runs is our program as the service's user, and makes a backup.
func TestDocsCron(t *testing.T) {
	_, line, _ := strings.Cut(example(t, "gatepost.cron"), "\n")
	fields, service := strings.Fields(line), example(t, "gatepost.service")
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
	install := "install -d -o gatepost -g gatepost -m 0700 " + *dir
	if !strings.Contains(document(t, "docs/operations.md"), install) {
		t.Errorf("nobody makes %s", *dir)
	}
	*dir = filepath.Join(t.TempDir(), "backup")
	for range 2 {
		if code, out, stderr := runWith(t, db, "", args...); code != exitDone || out+stderr != "" {
			t.Errorf("%q: exit %d, %s%s", args, code, out, stderr)
		}
	}
}

// The service has of the machine what it needs: it cannot change its kernel,
// clock, devices or others' files, nor make a file that others read, and hands over what its
// own user cannot read. `systemd-analyze security --offline=true` says 1.5 of it.
func TestServiceIsConfined(t *testing.T) {
	service := strings.Split(example(t, "gatepost.service")+example(t, "gatepost-certificate.conf"), "\n")
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
	config := example(t, "mx.toml")
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

// The units are ones that systemd takes: with a program in the place of ours, which is not
// installed here.
func TestDocsUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatalf("%v: scripts/test installs it", err)
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	if err := os.Mkdir(filepath.Join(dir, "gatepost.service.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gatepost-postgres.conf", "gatepost-certificate.conf"} {
		path := filepath.Join(dir, "gatepost.service.d", name)
		if err := os.WriteFile(path, []byte(example(t, name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"gatepost.service", "gatepost-smtp.socket", "gatepost-http.socket"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(example(t, name),
			"/usr/local/bin/gatepost", "/bin/true")), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.Command(analyze, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "gatepost") { // others are units of this machine
			t.Errorf("%v: %s", err, line)
		}
	}
}

// A socket unit has the addresses of the settings that it overrides, and a name that we know.
func TestDocsSockets(t *testing.T) {
	config := example(t, "mx.toml")
	listen := regexp.MustCompile(`(?m)^ListenStream=(.+)$`)
	for _, name := range []string{"smtp", "http"} {
		unit := example(t, "gatepost-"+name+".socket")
		var addresses []string
		for _, m := range listen.FindAllStringSubmatch(unit, -1) {
			addresses = append(addresses, m[1])
		}
		_, section, _ := strings.Cut(config, "["+name+"]\n")
		want := regexp.MustCompile(`(?m)^listen += "` + regexp.QuoteMeta(strings.Join(addresses, " ")) + `"`)
		if !want.MatchString(section) {
			t.Errorf("the socket of %s listens on %q, and mx.toml does not", name, addresses)
		}
		if !strings.Contains(unit, "\nFileDescriptorName="+name+"\n") ||
			!strings.Contains(unit, "\nService=gatepost.service\n") {
			t.Errorf("the socket of %s leads elsewhere", name)
		}
	}
}

// What compose.yaml sets are sound settings, and what it builds is here.
func TestDocsCompose(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Build       string
			Ports       []string
			Volumes     []string
			Environment map[string]string
		}
		Configs map[string]struct{ Content string }
	}
	if err := yaml.Unmarshal([]byte(example(t, "compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	ours, image := compose.Services["gatepost"], document(t, "Dockerfile")
	if _, err := os.Stat(filepath.Join("../../docs/examples", ours.Build, "Dockerfile")); err != nil {
		t.Error(err)
	}
	config := compose.Configs["gatepost"].Content
	host, _, _ := strings.Cut(regexp.MustCompile(`address = "(.*)"`).FindString(config), ":")
	if _, found := compose.Services[strings.TrimPrefix(host, `address = "`)]; !found {
		t.Errorf("no service of compose.yaml is what tickets are carried to: %s", config)
	}
	checkSettings(t, config, ours.Environment)
	_, folder, _ := strings.Cut(strings.Join(ours.Volumes, " "), ":")
	_, port, _ := strings.Cut(strings.Join(ours.Ports[:1], ""), ":")
	if !strings.Contains(image, "VOLUME "+folder+"\n") || !strings.Contains(image, "EXPOSE "+port+"\n") {
		t.Errorf("the image has no volume %q, or not port %q", folder, port)
	}
}

// checkSettings has the program look at a configuration and an environment.
func checkSettings(t *testing.T, config string, environment map[string]string) {
	t.Helper()
	cmd := exec.Command("gatepost", "config", "check")
	cmd.Dir, cmd.Env = t.TempDir(), bare()
	if err := os.WriteFile(filepath.Join(cmd.Dir, "gatepost.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "no setting") || len(environment) < 3 {
		t.Errorf("%q: %v: %s", environment, err, out)
	}
}

// The nodes of compose-nodes.yaml have sound settings and one database, which is there; and so have
// those of the file that goes with the unit.
func TestDocsNodes(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Build       string
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(example(t, "compose-nodes.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	databases, nodes := map[string]bool{}, map[string]bool{}
	for _, service := range compose.Services {
		if service.Build == "" {
			continue
		}
		checkSettings(t, "", service.Environment)
		nodes[service.Environment["GATEPOST_NODE"]] = true
		databases[service.Environment["GATEPOST_DB"]] = true
	}
	for database := range databases {
		u, err := url.Parse(database)
		if err != nil {
			t.Fatal(err)
		}
		server := compose.Services[u.Host].Environment
		password, _ := u.User.Password()
		if server["POSTGRES_USER"] != u.User.Username() || server["POSTGRES_PASSWORD"] != password ||
			len(databases) != 1 {
			t.Errorf("%s is not what is served: %q", database, server)
		}
	}
	if len(nodes) != 2 {
		t.Errorf("the nodes are %v", nodes)
	}
	environment := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^Environment=(\w+)=(.*)$`).FindAllStringSubmatch(
		example(t, "gatepost-postgres.conf"), -1) {
		environment[m[1]] = m[2]
	}
	checkSettings(t, "", environment)
}

// The records of docs/install.md are those of a zone, in which the mail server has an address.
func TestDocsZone(t *testing.T) {
	for _, block := range blocksIn(t, "docs/install.md", "zone") {
		parser := dns.NewZoneParser(strings.NewReader(block+"\n"), "", "")
		servers, addresses := map[string]bool{}, map[string]bool{}
		for record, ok := parser.Next(); ok; record, ok = parser.Next() {
			switch r := record.(type) {
			case *dns.MX:
				servers[r.Mx] = true
			case *dns.A:
				addresses[r.Hdr.Name] = true
			}
		}
		if err := parser.Err(); err != nil {
			t.Error(err)
		}
		for name := range servers {
			if !addresses[name] || !strings.Contains(example(t, "mx.toml"), strings.TrimSuffix(name, ".")) {
				t.Errorf("%s has no address, or another name in mx.toml", name)
			}
		}
		if len(servers) == 0 {
			t.Error("there is no MX record")
		}
	}
}

// What fetchmail, getmail and mpop call is our program, and it takes a message.
func TestDocsMailboxes(t *testing.T) {
	quoted := regexp.MustCompile(`"([^"]*)"`)
	message := "Return-Path: <una@example.com>\nFrom: Una <una@example.com>\n\nHello.\n"
	for name, start := range map[string]string{"fetchmailrc": "  mda ", "getmailrc": "arguments = ",
		"mpoprc": "delivery mda "} {
		t.Run(name, func(t *testing.T) {
			_, line, _ := strings.Cut(example(t, name), "\n"+start)
			line, _, _ = strings.Cut(line, "\n")
			var words []string
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				words = append(words, strings.Fields(m[1])...)
			}
			if name == "getmailrc" {
				words = append([]string{"/usr/local/bin/gatepost"}, words...)
			}
			if len(words) < 3 || words[0] != "/usr/local/bin/gatepost" {
				t.Fatalf("it calls %q", words)
			}
			t.Chdir(t.TempDir())
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), words[1:], strings.NewReader(message), &stdout,
				&stderr); code != exitDone {
				t.Errorf("%q: exit %d: %s", words, code, stderr.String())
			}
		})
	}
}
