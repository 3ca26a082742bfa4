package main

import (
	"context"
	"crypto/x509"
	"log/slog"
	"maps"
	"os"
	"slices"
	"syscall"
	"time"

	"gatepost/settings"
	"gatepost/store"
)

const setClock = "set the clock: `timedatectl` tells what it goes by"

// examineClock compares the clock with what it has said itself.
func (a *app) examineClock(ctx context.Context, db *store.DB) finding {
	status, err := db.Status(ctx)
	if err != nil {
		return fault("clock", "", "%v", err)
	}
	newest, err := db.NewestMail(ctx)
	if err != nil {
		return fault("clock", "", "%v", err)
	}
	if ahead := time.UnixMilli(newest).Sub(a.now()); ahead > clockSlack {
		return warn("clock", setClock, "it says %s, and the newest message came %s", stamp(a.now()),
			age(-ahead))
	}
	if status.Ahead > 0 && status.Serving {
		return warn("clock", setClock, "it is %s ahead of the time that was seen to pass",
			age(time.Duration(status.Ahead)*time.Second))
	}
	return sound("clock", "%s", stamp(a.now()))
}

// examineFiles compares the clock with the files of the database, which may be all there is;
// nil if none is ahead of it.
func (a *app) examineFiles(s *settings.Settings) *finding {
	for _, suffix := range []string{"", "-wal", ".lock"} {
		info, err := os.Stat(string(s.DB) + suffix)
		if err != nil || info.ModTime().Sub(a.now()) <= clockSlack {
			continue
		}
		f := warn("clock", setClock, "it says %s, and %s was written %s", stamp(a.now()), string(s.DB)+suffix,
			age(a.now().Sub(info.ModTime())))
		return &f
	}
	return nil
}

func examineRelays(ctx context.Context, db *store.DB) (all []finding) {
	hidden, err := db.HiddenClients(ctx)
	if err != nil {
		return []finding{fault("relays", "", "%v", err)}
	}
	for _, relay := range slices.Sorted(maps.Keys(hidden)) {
		all = append(all, warn("relays", "have it write a Received field with the client's address, "+
			"and name every machine behind it in smtp.relays", "%s does not say who its client was, "+
			"in %s of the last thousand", relay, count(hidden[relay], "message", "messages")))
	}
	if all == nil {
		return []finding{sound("relays", "each says who its client was")}
	}
	return all
}

func (a *app) examineDisk(s *settings.Settings) finding {
	if err := enoughSpace(diskOf(s.DB), int64(s.SMTP.MinFreeSpace)); err != nil {
		return fault("disk", "make room: without it no mail is taken", "%v", err)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(diskOf(s.DB), &fs); err != nil {
		return fault("disk", "", "%v", os.NewSyscallError("statfs", err))
	}
	return sound("disk", "%d MiB free", int64(fs.Bavail)*fs.Bsize>>20)
}

// examineCertificates looks at those that the settings name.
func (a *app) examineCertificates(s *settings.Settings) (all []finding) {
	for _, c := range []struct {
		section, cert, key string
		names              []string
	}{
		{"smtp", s.SMTP.TLSCert, s.SMTP.TLSKey, []string{s.Hostname()}},
		{"http", s.HTTP.TLSCert, s.HTTP.TLSKey, s.HTTP.Hosts},
	} {
		if c.cert == "" && c.key == "" {
			continue
		}
		if leaf, err := leafOf(c.section, c.cert, c.key); err != nil {
			all = append(all, fault("certificate", "", "%v", err))
		} else {
			all = append(all, a.examineCertificate(c.section, c.cert, leaf, c.names)...)
		}
	}
	return all
}

// leafOf is the certificate of the server itself, out of its chain.
func leafOf(section, cert, key string) (*x509.Certificate, error) {
	loaded, err := loadCertificate(section, cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	pair, err := loaded.Get(nil)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(pair.Certificate[0])
}

func (a *app) examineCertificate(section, file string, c *x509.Certificate, names []string) (
	all []finding) {
	const renew = "renew it; the server reads the files anew when they change"
	switch left := c.NotAfter.Sub(a.now()); {
	case left <= 0:
		all = append(all, fault("certificate", renew, "%s is over since %s", file, stamp(c.NotAfter)))
	case a.now().Before(c.NotBefore):
		all = append(all, fault("certificate", "set the clock, or wait", "%s begins at %s", file,
			stamp(c.NotBefore)))
	case left < certificateEnd:
		all = append(all, warn("certificate", renew, "%s ends at %s", file, stamp(c.NotAfter)))
	}
	for _, name := range names {
		if err := c.VerifyHostname(name); err != nil {
			all = append(all, warn("certificate", "get one for that name, or change "+
				map[string]string{"smtp": "smtp.hostname", "http": "http.hosts"}[section],
				"%s: %v", file, err))
		}
	}
	if all == nil {
		all = append(all, sound("certificate", "%s, until %s", file, stamp(c.NotAfter)))
	}
	return all
}
