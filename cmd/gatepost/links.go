package main

import (
	"bytes"
	"context"
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
	"gatepost/store"
)

// linkKeySize is how many octets sign links to messages.
const linkKeySize = 32

// linkKeySuffix is behind the path of the database in that of the key. It is no part of a
// backup: who has one cannot make links, and with another key those that are out end.
const linkKeySuffix = ".linkkey"

// linkedPath is where the message of a decision is fetched by who has a link to it.
func linkedPath(decision string) string { return httpd.LinkedPath + decision }

// linkSecret is what the key is called where it is in the database, since several nodes have it.
const linkSecret = "links"

// linkKey is the key that links and reply tokens are signed with, if there are any: of the file
// beside the database, which is made if it is not there, or of the database that all nodes have.
func (g *daemon) linkKey(ctx context.Context, s *settings.Settings) ([]byte, error) {
	wanted := s.TakesTokens()
	for _, h := range s.Handoff {
		wanted = wanted || h.Links != ""
	}
	if !wanted {
		return nil, nil
	}
	place := string(s.DB) + linkKeySuffix
	var key []byte
	var err error
	if g.db.HasNodes() {
		place = "secret " + linkSecret
		key, err = g.db.MakeSecret(ctx, linkSecret, newLinkKey())
	} else {
		key, err = readLinkKey(place)
	}
	if err != nil {
		return nil, fmt.Errorf("key of links: %w", err)
	}
	links, err := courier.NewLinks("http://localhost", key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	g.links.Store(links)
	return key, nil
}

func newLinkKey() []byte {
	key := make([]byte, linkKeySize)
	rand.Read(key)
	return key
}

// readLinkKey reads a key, and makes it the first time: whole, or not at all.
func readLinkKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = newLinkKey()
	return key, writeLinkKey(path, key)
}

func writeLinkKey(path string, key []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".") // 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(key)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Link(temporary.Name(), path)
	}
	if err = errors.Join(err, os.Remove(temporary.Name())); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// copyLinkKey has a copy of a database know the links and reply tokens that are out, too.
func copyLinkKey(ctx context.Context, from *store.DB, fromPath string, to *store.DB, toPath string) error {
	var key []byte
	var err error
	if from.HasNodes() {
		key, err = from.Secret(ctx, linkSecret)
	} else {
		key, err = os.ReadFile(fromPath + linkKeySuffix)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrNotFound) {
		return nil // there is none
	}
	if err == nil && to.HasNodes() {
		_, err = to.MakeSecret(ctx, linkSecret, key)
	} else if err == nil {
		err = writeLinkKey(toPath+linkKeySuffix, key)
		if there, _ := os.ReadFile(toPath + linkKeySuffix); errors.Is(err, fs.ErrExist) && bytes.Equal(there, key) {
			err = nil // of a run that was killed behind it
		}
	}
	if err != nil {
		return fmt.Errorf("key of links: %w", err)
	}
	return nil
}

// checkLink says whether a request has a link to what is at a path.
func (g *daemon) checkLink(path string, query url.Values, now time.Time) error {
	links := g.links.Load()
	if links == nil {
		return courier.ErrLinkSignature
	}
	return links.Check(path, query, now)
}
