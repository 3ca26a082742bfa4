// Package storetest has the tests of a room run on a database of PostgreSQL, where there is one to
// run them on, in the place of an SQLite file.
package storetest

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable is the variable of the environment that names the server: a URL of a superuser. Without
// it tests run on SQLite.
const Variable = "GATEPOST_TEST_POSTGRES"

// OnServer reports whether there is one.
func OnServer() bool { return os.Getenv(Variable) != "" }

// OfTheFile is for tests of what becomes of octets and files of SQLite, which a server has not.
func OfTheFile(t testing.TB) {
	t.Helper()
	if OnServer() {
		t.Skip("of the file of SQLite")
	}
}

// URL is that of a database on the server.
func URL(database string) string {
	server := os.Getenv(Variable)
	u, err := url.Parse(server)
	if err != nil {
		panic(Variable + ": " + err.Error())
	}
	u.Path = "/" + database
	return u.String()
}

// Run runs a statement on a database.
func Run(database, statement string) (err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if e := conn.Close(ctx); err == nil {
		err = e
	}
	return err
}

// Make makes a database, and gives its URL. It is dropped at the end of the test.
func Make(t testing.TB, name, with string) string {
	t.Helper()
	name = own(name)
	if err := Run(os.Getenv(Variable), "create database "+name+" "+with); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Run(os.Getenv(Variable), "drop database "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return URL(name)
}

// own is a name that no other process of tests has.
func own(name string) string { return fmt.Sprintf("gatepost_%d_%s", os.Getpid(), name) }

// As is how a database of ours is made.
const As = "encoding 'UTF8' locale 'C'"

var made struct {
	sync.Mutex
	places   map[string]string // URLs by the paths that they stand for
	number   int
	template string
}

// At is what a test that opens a database at a path opens: the path, or on PostgreSQL a database
// that stands for it until the end of the test. Open makes the tables of one that has none.
func At(t testing.TB, path string, open func(url string) (io.Closer, error)) string {
	t.Helper()
	if !OnServer() || strings.Contains(path, "://") {
		return path
	}
	made.Lock()
	defer made.Unlock()
	if place := made.places[path]; place != "" {
		return place
	}
	if made.template == "" {
		made.template, made.places = own("template"), map[string]string{}
		err := Run(os.Getenv(Variable), "create database "+made.template+" template template0 "+As)
		var db io.Closer
		if err == nil {
			db, err = open(URL(made.template))
		}
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	made.number++
	place := Make(t, fmt.Sprint(made.number), "template "+made.template)
	made.places[path] = place
	t.Cleanup(func() {
		made.Lock()
		defer made.Unlock()
		delete(made.places, path)
	})
	return place
}
