package httpd_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
)

// probe asks for /livez on a new connection; "" if it is closed without an answer.
func probe(st *httpdtest.Site, address string) (conn net.Conn, answer string) {
	st.Helper()
	conn, err := net.Dial("tcp", address)
	st.Must(err)
	st.Cleanup(func() { _ = conn.Close() })
	st.Must(conn.SetDeadline(time.Now().Add(httpdtest.Patience)))
	_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") // may be closed
	answer, _ = bufio.NewReader(conn).ReadString('\n')
	return conn, strings.TrimSpace(answer)
}

// TestConnectionsOfOneNetwork: who has too many connections open gets no more, until one of
// them is closed.
func TestConnectionsOfOneNetwork(t *testing.T) {
	st := testServer(t)
	address, _ := st.Run(func(l net.Listener) net.Listener { return httpd.Distant(l) })
	var open []net.Conn
	for i := range httpd.MaxPerNetwork {
		conn, answer := probe(st, address)
		if answer != "HTTP/1.1 200 OK" {
			t.Fatalf("connection %d: %q", i, answer)
		}
		open = append(open, conn)
	}
	for range 2 {
		if _, answer := probe(st, address); answer != "" {
			t.Fatalf("one too many: %q", answer)
		}
	}
	log := st.Log.String()
	if strings.Count(log, "too many http connections") != 1 || !strings.Contains(log, outside) {
		t.Errorf("log:\n%s", log)
	}
	st.Must(open[0].Close())
	for deadline := time.Now().Add(httpdtest.Patience); ; { // until the server has noticed
		if _, answer := probe(st, address); answer != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no room after one has left")
		}
	}
}

// TestIdleAreClosed: on true connections, idle, half a request or nothing at all, in clear and
// over TLS.
func TestIdleAreClosed(t *testing.T) {
	for name, said := range map[string]string{"idle": "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"half": "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nemail=", "silent": ""} {
		st := testServer(t)
		address, _ := st.Run(func(l net.Listener) net.Listener { return httpd.Distant(l) })
		closed := make(chan int, httpd.MaxPerNetwork)
		for i := range httpd.MaxPerNetwork {
			conn, err := net.Dial("tcp", address)
			st.Must(err)
			st.Cleanup(func() { _ = conn.Close() })
			st.Must(conn.SetDeadline(time.Now().Add(httpdtest.Patience)))
			_, err = io.WriteString(conn, said)
			st.Must(err)
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				closed <- i
			}()
		}
		for deadline := time.Now().Add(httpdtest.Patience); ; st.Clock.Move(httpd.Spare) {
			if _, answer := probe(st, address); answer == "HTTP/1.1 200 OK" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: nobody gets in", name)
			}
		}
		<-closed // within their deadline: else the test hangs for that long, and fails
	}
}

// TestRunSecured: HTTP/2 is spoken over TLS, which net/http does on a connection of TLS only.
func TestRunSecured(t *testing.T) {
	st := testServer(t)
	kit := httptest.NewUnstartedServer(nil) // for its certificate and a client that trusts it
	kit.EnableHTTP2 = true
	kit.StartTLS()
	t.Cleanup(kit.Close)
	address, _ := st.Run(func(l net.Listener) net.Listener { return tls.NewListener(l, kit.TLS) })
	answer, err := kit.Client().Get("https://" + address + "/livez")
	st.Must(err)
	st.Must(answer.Body.Close())
	if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusOK {
		t.Errorf("%s %s", answer.Proto, answer.Status)
	}
	kit.Client().CloseIdleConnections()
}
