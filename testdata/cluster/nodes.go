package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A node is one gatepost.
type node struct {
	name    string
	dir     string
	program string
	smtp    string // addresses
	http    string
	db      string // the URL of the database, through link
	link    *link
}

func newNode(c *cluster, number int, program string) (*node, error) {
	n := &node{name: fmt.Sprint("gatepost", number), program: program, link: newLink()}
	n.dir = filepath.Join(c.dir, n.name)
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	n.smtp, n.http = fmt.Sprint("127.0.0.1:", ports[0]), fmt.Sprint("127.0.0.1:", ports[1])
	var hosts []string
	for _, m := range c.machines {
		port, err := n.link.lead(m.port)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, fmt.Sprint("127.0.0.1:", port))
	}
	n.db = "postgres://gatepost@" + strings.Join(hosts, ",") +
		"/gatepost?target_session_attrs=read-write&sslmode=disable"
	config := fmt.Sprintf("db = %q\nnode = %q\nreplicated = true\n[smtp]\nlisten = %q\n[http]\nlisten = %q\n"+
		"[rate]\nper_hour = 0\n", n.db, n.name, n.smtp, n.http)
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return nil, err
	}
	return n, os.WriteFile(n.dir+"/gatepost.toml", []byte(config), 0o600)
}

func (n *node) start() error { return start(n.dir, false, n.program, "serve") }

func (n *node) kill() error { return signal(n.dir, syscall.SIGKILL) }

// startAnyhow is how a start ends that is to be refused: its exit code, and what it says.
func (n *node) startAnyhow() (code int, said string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.program, "serve", "--smtp", "127.0.0.1:0", "--http", "")
	cmd.Dir = n.dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(out)
	}
	return 0, fmt.Sprint(err)
}

// ready is the code and the text of /readyz; 0 if nothing answers.
func (n *node) ready() (int, string) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + n.http + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// await waits until the node is ready, or is not, and gives what it said last.
func (n *node) await(code int) (string, error) {
	var last string
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(200 * time.Millisecond) {
		is, text := n.ready()
		if last = text; is == code {
			return text, nil
		}
	}
	return last, fmt.Errorf("%s: /readyz was never %d: %s", n.name, code, last)
}
