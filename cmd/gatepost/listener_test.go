package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
)

// listenerCommands are the commands of scripts that have to do with a running server.
func listenerCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"serve":  startServer,
		"signal": stopServer,
		"hangup": reloadServer,
		"logged": awaitLine,
		"send":   sendMail,
		"hold":   holdMail,
		"get":    getPage,
		"cert":   makeCertificate,
		"sink":   answerAsSink,
		"sunk":   awaitSunk,

		"receiver": answerAsReceiver,
		"received": awaitReceived,
		"expand":   expandFile,
	}
}

// A testServer is the running `gatepost serve` of a script.
type testServer struct {
	cmd    *exec.Cmd
	logged chan struct{} // closed once its log is written whole
	wrote  chan struct{} // told when a line of it has been written

	stopping chan struct{} // closed once it says that it is
	reloaded chan bool     // whether it went by its settings, each time it read them anew
}

type serverKey struct{}

// startServer runs the server on free ports and waits until it listens: serve [args...].
// SMTP, SMTPS and HTTP are then where it does, serve.log is what it logs.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! serve")
	}
	args = append([]string{"serve", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0"}, args...)
	cmd := exec.Command("gatepost", args...)
	if testing.Short() && ts.Getenv(clockFile) == "" {
		program, err := plainProgram()
		ts.Check(err)
		cmd.Path = program
	}
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = bare(scriptEnv(ts)...)
	pipe, err := cmd.StderrPipe()
	ts.Check(err)
	log, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	ts.Check(cmd.Start())
	s := ts.Value(serverKey{}).(*testServer)
	*s = testServer{cmd, make(chan struct{}), make(chan struct{}, 1), make(chan struct{}),
		make(chan bool, 9)}
	logged, server := s.logged, *s
	ts.Defer(func() {
		// It is gone already if the script has stopped it.
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			<-logged
			_ = cmd.Wait()
		}
	})
	listening := make(chan map[string]any, 1)
	go func() {
		defer close(logged)
		server.copyLog(log, pipe, listening)
	}()
	select {
	case line := <-listening:
		for _, name := range []string{"smtp", "smtps", "http"} {
			address, _ := line[name].(string)
			ts.Setenv(strings.ToUpper(name), address)
		}
	case <-logged:
		ts.Fatalf("the server ended: %s", ts.ReadFile("serve.log"))
	}
}

// scriptEnv are the settings that the script has in its environment.
func scriptEnv(ts *testscript.TestScript) (env []string) {
	for _, name := range []string{"GATEPOST_DB", "GATEPOST_SMTP_LISTEN_TLS",
		"GATEPOST_SMTP_TLS_CERT", "GATEPOST_SMTP_TLS_KEY", "GATEPOST_SUSPENDED_KEEP",
		"GATEPOST_SMTP_MIN_FREE_SPACE", "GATEPOST_SMTP_LISTN", "GATEPOST_SMTP_RELAYS",
		"GATEPOST_AUTH_LOOPBACK", "GATEPOST_RATE_PER_HOUR", "GATEPOST_HTTP_TLS_CERT",
		"GATEPOST_HTTP_TLS_KEY", "GATEPOST_HTTP_BEHIND_TLS", "GATEPOST_HTTP_PROXIES",
		"GATEPOST_HTTP_METRICS", "GATEPOST_HTTP_HOSTS", "GATEPOST_HTTP_IPS",
		"GATEPOST_SMTP_FILTER", "GATEPOST_HANDOFF_DESK_ADDRESS", "GATEPOST_REPLIES_TOKENS"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

func (s testServer) copyLog(log io.WriteCloser, pipe io.Reader,
	listening chan<- map[string]any) {
	defer log.Close()
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		fmt.Fprintln(log, lines.Text())
		select {
		case s.wrote <- struct{}{}:
		default: // whoever waits has not looked since the last
		}
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			continue
		}
		switch line["msg"] {
		case "listening":
			listening <- line
		case "stopping":
			close(s.stopping)
		case "reloaded", "not reloaded: everything stays as it was":
			s.reloaded <- line["msg"] == "reloaded"
		}
	}
}

// awaitLine waits until serve.log has what an expression matches: logged REGEXP. What is
// logged before a reply may reach the file after it.
func awaitLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: logged REGEXP")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	s := ts.Value(serverKey{}).(*testServer)
	late := time.After(patience)
	for {
		ended := false
		select {
		case <-s.logged:
			ended = true
		default:
		}
		if want.MatchString(ts.ReadFile("serve.log")) {
			return
		}
		if ended {
			ts.Fatalf("%s is not logged", args[0])
		}
		select {
		case <-s.wrote:
		case <-s.logged:
		case <-late:
			ts.Fatalf("%s is not logged", args[0])
		}
	}
}

// stopServer sends a signal and waits for the end: signal TERM. With a second signal, that
// is sent while the server waits for what is under way; it ends the server without more.
func stopServer(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT,
		"KILL": syscall.SIGKILL}
	if neg || len(args) < 1 || len(args) > 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal TERM|INT|KILL [TERM|INT|KILL]")
	}
	s := ts.Value(serverKey{}).(*testServer)
	ts.Check(s.cmd.Process.Signal(signals[args[0]]))
	if len(args) == 2 {
		<-s.stopping
		ts.Check(s.cmd.Process.Signal(signals[args[1]]))
	}
	<-s.logged
	if err := s.cmd.Wait(); args[0] != "KILL" && len(args) == 1 {
		ts.Check(err)
	}
}

// reloadServer has the server read its settings anew, and waits until it has: hangup, or
// ! hangup where it is not to go by them.
func reloadServer(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: hangup")
	}
	s := ts.Value(serverKey{}).(*testServer)
	ts.Check(s.cmd.Process.Signal(syscall.SIGHUP))
	select {
	case went := <-s.reloaded:
		if went == neg {
			ts.Fatalf("it went by the settings: %v", went)
		}
	case <-s.logged:
		ts.Fatalf("the server ended: %v", s.cmd.Wait())
	}
}

// sendMail sends a file through the server and prints its reply: send FILE FROM TO...
// It speaks TLS if that is offered. DOOR names another address than SMTP.
func sendMail(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: send FILE FROM TO...")
	}
	reply, err := send(ts, args[0], args[1], args[2:])
	var refused *smtp.SMTPError
	if errors.As(err, &refused) {
		reply = fmt.Sprintf("%d %s", refused.Code, refused.Message)
	} else {
		ts.Check(err)
	}
	fmt.Fprintln(ts.Stdout(), reply)
	if neg != (refused != nil) {
		ts.Fatalf("the reply was %s", reply)
	}
}

func send(ts *testscript.TestScript, file, from string, to []string) (string, error) {
	c, err := dial(ts)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.Mail(strings.Trim(from, "<>"), nil); err != nil {
		return "", err
	}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt, nil); err != nil {
			return "", err
		}
	}
	w, err := c.Data()
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(w, ts.ReadFile(file)); err != nil {
		return "", err
	}
	reply, err := w.CloseWithResponse()
	if err != nil {
		return "", err
	}
	_, secure := c.TLSConnectionState()
	return fmt.Sprintf("%s (tls %v)", reply.StatusText, secure), c.Quit()
}

func dial(ts *testscript.TestScript) (*smtp.Client, error) {
	trust := &tls.Config{InsecureSkipVerify: true} // the certificate is our own
	if ts.Getenv("DOOR") != "" && ts.Getenv("DOOR") == ts.Getenv("SMTPS") {
		return smtp.DialTLS(ts.Getenv("SMTPS"), trust)
	}
	c, err := smtp.Dial(ts.Getenv("SMTP"))
	if err != nil {
		return nil, err
	}
	if ok, _ := c.Extension("STARTTLS"); !ok {
		return c, nil
	}
	c.Close()
	return smtp.DialStartTLS(ts.Getenv("SMTP"), trust)
}

// holdMail begins a message and leaves it unfinished until the script ends.
func holdMail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: hold")
	}
	c, err := smtp.Dial(ts.Getenv("SMTP"))
	ts.Check(err)
	ts.Defer(func() { c.Close() })
	ts.Check(c.Mail("ann@acme.test", nil))
	ts.Check(c.Rcpt("support@help.test", nil))
	w, err := c.Data()
	ts.Check(err)
	_, err = io.WriteString(w, "From: ann@acme.test\r\n")
	ts.Check(err)
}

// getPage prints the status and the body of a page: get /livez, get /api/v2/users/me TOKEN.
// It speaks TLS if the server has a certificate. It comes with the name HOST, if there is one,
// and says that it is for FORWARDED.
func getPage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: get PATH [TOKEN]")
	}
	scheme := "http://"
	if ts.Getenv("GATEPOST_HTTP_TLS_CERT") != "" {
		scheme = "https://"
	}
	req, err := http.NewRequest(http.MethodGet, scheme+ts.Getenv("HTTP")+args[0], nil)
	ts.Check(err)
	if len(args) > 1 {
		req.Header.Set("Authorization", "Bearer "+args[1])
	}
	if client := ts.Getenv("FORWARDED"); client != "" {
		req.Header.Set("X-Forwarded-For", client)
	}
	req.Host = ts.Getenv("HOST")
	trust := &http.Transport{ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the certificate is our own
	defer trust.CloseIdleConnections()
	resp, err := trust.RoundTrip(req)
	ts.Check(err)
	body, err := io.ReadAll(resp.Body)
	ts.Check(errors.Join(err, resp.Body.Close()))
	fmt.Fprintln(ts.Stdout(), resp.StatusCode, strings.TrimSpace(string(body)))
}

// makeCertificate writes NAME.crt and NAME.key: cert NAME.
func makeCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cert NAME")
	}
	ts.Check(writeCertificate(ts.MkAbs(args[0])))
}

// writeCertificate makes a certificate and its key in two files of that name.
func writeCertificate(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mx.test"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
			0o600),
		os.WriteFile(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY",
			Bytes: secret}), 0o600))
}
