package courier

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/foxcpp/go-mockdns"
)

// TestAddressesThatAreChecked asks as the system's connect does, for what may not be dialled here.
func TestAddressesThatAreChecked(t *testing.T) {
	for _, test := range []struct {
		allow []string
		host  string
		to    string
		want  string // the kind of address, or empty if it is allowed
	}{
		{nil, "desk.test", "8.8.8.8:443", ""},
		{nil, "desk.test", "[2606:4700::1111]:443", ""},
		{nil, "desk.test", "127.0.0.1:80", "loopback"},
		{nil, "desk.test", "127.255.255.254:80", "loopback"},
		{nil, "desk.test", "[::1]:80", "loopback"},
		{nil, "desk.test", "[::ffff:127.0.0.1]:80", "loopback"},
		{nil, "desk.test", "[::127.0.0.1]:80", "loopback"},
		{nil, "desk.test", "[64:ff9b::10.0.0.1]:80", "private"},
		{nil, "desk.test", "[64:ff9b::8.8.8.8]:80", ""},
		{nil, "desk.test", "[2002:0a00:0001::]:80", "private"},
		{nil, "desk.test", "[2001::1]:80", "reserved"},
		{nil, "desk.test", "0.0.0.0:80", "unspecified"},
		{nil, "desk.test", "0.1.2.3:80", "unspecified"},
		{nil, "desk.test", "[::]:80", "unspecified"},
		{nil, "desk.test", "10.1.2.3:80", "private"},
		{nil, "desk.test", "172.31.255.255:80", "private"},
		{nil, "desk.test", "172.32.0.1:80", ""},
		{nil, "desk.test", "192.168.7.7:80", "private"},
		{nil, "desk.test", "100.64.0.1:80", "private"},
		{nil, "desk.test", "[fd12::1]:80", "private"},
		{nil, "desk.test", "169.254.1.1:80", "link-local"},
		{nil, "desk.test", "[fe80::1%eth0]:80", "link-local"},
		{nil, "desk.test", "169.254.169.254:80", "metadata"},
		{nil, "desk.test", "[64:ff9b::169.254.169.254]:80", "metadata"},
		{nil, "desk.test", "100.100.100.200:80", "metadata"},
		{nil, "desk.test", "168.63.129.16:80", "metadata"},
		{nil, "desk.test", "[fd00:ec2::254]:80", "metadata"},
		{nil, "desk.test", "224.0.0.1:80", "multicast"},
		{nil, "desk.test", "[ff02::1]:80", "multicast"},
		{nil, "desk.test", "255.255.255.255:80", "reserved"},

		{[]string{"127.0.0.1"}, "desk.test", "127.0.0.1:80", ""},
		{[]string{"127.0.0.1"}, "desk.test", "127.0.0.2:80", "loopback"},
		{[]string{"::ffff:10.0.0.0/104"}, "desk.test", "10.9.9.9:80", ""},
		{[]string{"10.0.0.0/8", "fd00::/8"}, "desk.test", "[fd12::1]:80", ""},
		{[]string{"10.0.0.0/8"}, "desk.test", "[64:ff9b::10.0.0.1]:80", "private"},
		{[]string{"Desk.Test."}, "desk.test", "192.168.0.1:80", ""},
		{[]string{"desk.test"}, "other.test", "192.168.0.1:80", "private"},
		{[]string{"desk.test"}, "desk.test", "169.254.169.254:80", "metadata"},
		{[]string{"desk.test"}, "desk.test", "169.254.1.1:80", "link-local"},
		{[]string{"desk.test"}, "desk.test", "224.0.0.1:80", "multicast"},
		{[]string{"169.254.169.254"}, "desk.test", "169.254.169.254:80", ""},
	} {
		d, err := NewDialer(DialConfig{Allow: test.allow})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f, no := Forbidden(d.check(test.host, test.to)); no {
			got = f.Kind
		}
		if got != test.want {
			t.Errorf("%s at %s with %q: %q, want %q", test.host, test.to, test.allow, got, test.want)
		}
	}
}

// zones is a DNS server of a few names, and what asks it.
func zones(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	records := map[string]mockdns.Zone{}
	for name, ip := range names {
		records[name+"."] = mockdns.Zone{A: []string{ip}}
	}
	server, err := mockdns.NewServerWithLogger(records, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	resolver := &net.Resolver{}
	server.PatchNet(resolver)
	return resolver
}

// TestNameThatLeadsElsewhere is DNS rebinding: what the name was when somebody looked at the
// settings says nothing of what it is when it is dialled.
func TestNameThatLeadsElsewhere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, test := range []struct {
		allow []string
		ip    string
		want  string // that is dialled, or what the error says
	}{
		{[]string{"127.0.0.2"}, "127.0.0.2", ""},
		{[]string{"127.0.0.1"}, "127.0.0.2", "desk.test leads to 127.0.0.2, a loopback address"},
		{[]string{"desk.test"}, "127.0.0.2", ""},
		{[]string{"desk"}, "127.0.0.2", "desk.test leads to 127.0.0.2, a loopback address"},
		{nil, "127.0.0.2", "desk.test leads to 127.0.0.2, a loopback address"},
		{[]string{"desk.test"}, "169.254.169.254", "leads to 169.254.169.254, a metadata address"},
	} {
		d, err := NewDialer(DialConfig{Allow: test.allow,
			Resolver: zones(t, map[string]string{"desk.test": test.ip})})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := d.DialContext(context.Background(), "tcp4", "desk.test:"+port)
		if err == nil {
			conn.Close()
		}
		if got := fmt.Sprint(err); test.want == "" && err != nil || !strings.Contains(got, test.want) {
			t.Errorf("%s with %q: %s, want %q", test.ip, test.allow, got, test.want)
		}
	}
	// Of six dials two were allowed: the listener has no third.
	for range 2 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	if err := l.(*net.TCPListener).SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if conn, err := l.Accept(); err == nil {
		t.Errorf("there was a connection that is not allowed, from %s", conn.RemoteAddr())
	}
}

func TestDialerSettings(t *testing.T) {
	for _, test := range []struct{ allow, want string }{
		{"http://desk.test", "without https:// and without a port"},
		{"desk.test:80", "without https:// and without a port"},
		{"", "is no address, prefix or name"},
		{"10.0.0.0/33", "is no address, prefix or name"},
		{"10.0.0.256", "is no address, prefix or name"},
		{"desk..test", "is no address, prefix or name"},
	} {
		if _, err := NewDialer(DialConfig{Allow: []string{test.allow}}); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.allow, err, test.want)
		}
	}
	if _, err := NewDialer(DialConfig{Timeout: -1}); err == nil {
		t.Error("a timeout below nothing was taken")
	}
	d, err := NewDialer(DialConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DialContext(context.Background(), "udp", "127.0.0.1:53"); err == nil {
		t.Error("udp was dialled")
	}
}
