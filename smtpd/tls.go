package smtpd

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// recheck is how long a certificate is used before its files are looked at again.
const recheck = time.Second

// A Certificate is a certificate chain and its key in two PEM files. When either file
// changes it is read again; a new one that is broken leaves the old one in use.
type Certificate struct {
	log *slog.Logger

	mu sync.Mutex
	pair
}

// A pair is what two files held.
type pair struct {
	certFile, keyFile string

	current *tls.Certificate
	stamp   [2]stamp // of the files as they were read last, with success or not
	checked time.Time
}

// A stamp is by what a changed file is known.
type stamp struct {
	modified time.Time
	size     int64
}

// LoadCertificate reads both files; log hears of every later change.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{log: log, pair: pair{certFile: certFile, keyFile: keyFile}}
	var err error
	if c.stamp, err = c.look(); err == nil {
		c.checked = time.Now()
		err = c.read()
	}
	if err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	return c, nil
}

// Get gives the certificate for a handshake, for tls.Config.GetCertificate.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= recheck {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

// Replace has the certificate be what another is, its files as well.
func (c *Certificate) Replace(by *Certificate) {
	by.mu.Lock()
	other := by.pair
	by.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pair = other
}

// refresh reads the files if they have changed. Both are replaced one after the other, so
// they may not fit for a moment: that is tried again when the second has changed.
func (c *Certificate) refresh() {
	seen, err := c.look()
	if seen == c.stamp {
		return
	}
	c.stamp = seen
	if err == nil {
		err = c.read()
	}
	if err != nil {
		c.log.Error("certificate not reloaded, the old one stays", "error", err)
		return
	}
	c.log.Info("certificate reloaded", "file", c.certFile)
}

// look stamps both files; one that cannot be had leaves no stamp.
func (c *Certificate) look() (seen [2]stamp, err error) {
	for i, name := range [2]string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return [2]stamp{}, err
		}
		seen[i] = stamp{info.ModTime(), info.Size()}
	}
	return seen, nil
}

func (c *Certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", c.certFile, c.keyFile, err)
	}
	c.current = &pair
	return nil
}
