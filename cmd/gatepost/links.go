package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gatepost/courier"
	"gatepost/httpd"
	"gatepost/settings"
)

// linkKeySize is how many octets sign links to messages.
const linkKeySize = 32

// linkKeySuffix is behind the path of the database in that of the key. It is no part of a
// backup: who has one cannot make links, and with another key those that are out end.
const linkKeySuffix = ".linkkey"

// linkedPath is where the message of a decision is fetched by who has a link to it.
func linkedPath(decision string) string { return httpd.LinkedPath + decision }

// linkKey is the key that links and reply tokens are signed with, if there are any: of the file
// beside the database, which is made if it is not there.
func (g *daemon) linkKey(s *settings.Settings) ([]byte, error) {
	wanted := s.TakesTokens()
	for _, h := range s.Handoff {
		wanted = wanted || h.Links != ""
	}
	if !wanted {
		return nil, nil
	}
	key, err := readLinkKey(string(s.DB) + linkKeySuffix)
	if err != nil {
		return nil, fmt.Errorf("key of links: %w", err)
	}
	links, err := courier.NewLinks("http://localhost", key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", string(s.DB)+linkKeySuffix, err)
	}
	g.links.Store(links)
	return key, nil
}

// readLinkKey reads a key, and makes it the first time: whole, or not at all.
func readLinkKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = make([]byte, linkKeySize)
	rand.Read(key)
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".") // 0600
	if err != nil {
		return nil, err
	}
	_, err = temporary.Write(key)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Link(temporary.Name(), path)
	}
	if err = errors.Join(err, os.Remove(temporary.Name())); err != nil {
		return nil, err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return key, errors.Join(folder.Sync(), folder.Close())
}

// checkLink says whether a request has a link to what is at a path.
func (g *daemon) checkLink(path string, query url.Values, now time.Time) error {
	links := g.links.Load()
	if links == nil {
		return courier.ErrLinkSignature
	}
	return links.Check(path, query, now)
}
