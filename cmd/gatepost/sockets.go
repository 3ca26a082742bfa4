package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"

	"gatepost/settings"
)

// Names of the sockets that the service manager may hand over (FileDescriptorName=).
const (
	socketSMTP  = "smtp"
	socketSMTPS = "smtps"
	socketHTTP  = "http"
)

// sockets are the listeners that the service manager opened for us, by their names
// (sd_listen_fds(3)).
type sockets map[string][]net.Listener

// inherit takes the sockets that there are. What it cannot use it refuses: somebody would
// wait there for an answer.
func inherit() (s sockets, err error) {
	s = sockets{}
	for _, f := range activation.Files(true) {
		err = errors.Join(err, s.add(f))
	}
	if len(s[socketHTTP]) > 1 {
		err = errors.Join(err, errors.New("the service manager hands over several sockets "+
			"with the name http: one is used"))
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s sockets) add(f *os.File) error {
	name := f.Name()
	switch name {
	case socketSMTP, socketSMTPS, socketHTTP:
	default:
		return errors.Join(fmt.Errorf("the service manager hands over a socket with the name "+
			"%q: write FileDescriptorName=smtp, smtps or http in its unit", name), f.Close())
	}
	l, err := net.FileListener(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("the socket %s of the service manager: %w", name, err)
	}
	if _, ok := l.(*net.TCPListener); !ok {
		return errors.Join(fmt.Errorf("the socket %s of the service manager is no TCP socket: "+
			"write ListenStream= with an address and a port in its unit", name), l.Close())
	}
	s[name] = append(s[name], l)
	return nil
}

func (s sockets) close() (err error) {
	for _, listeners := range s {
		for _, l := range listeners {
			err = errors.Join(err, closeListener(l))
		}
	}
	return err
}

// settle has the settings say where the sockets listen, so that all that depends on who can
// connect goes by it. Commands beside the server know of no socket and go by what is written:
// that must not say that only this machine can connect where others can.
func (s sockets) settle(to *settings.Settings) error {
	written := slices.Concat(to.SMTP.Listen, to.SMTP.ListenTLS)
	opened := slices.Concat(s.addresses(socketSMTP), s.addresses(socketSMTPS))
	for name, set := range map[string]*settings.Words{socketSMTP: &to.SMTP.Listen,
		socketSMTPS: &to.SMTP.ListenTLS} {
		if addresses := s.addresses(name); addresses != nil {
			*set = addresses
		}
	}
	if addresses := s.addresses(socketHTTP); addresses != nil {
		to.HTTP.Listen = addresses[0]
	}
	if settings.AnyOutside(opened) && !settings.AnyOutside(written) {
		return fmt.Errorf("smtp.listen: the service manager listens on %s, which can be reached "+
			"from outside: write that here too, for the commands beside the server", opened)
	}
	return nil
}

func (s sockets) addresses(name string) (addresses settings.Words) {
	for _, l := range s[name] {
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}
