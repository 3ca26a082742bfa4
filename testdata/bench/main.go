// Command bench is what go-smtp alone reaches: a server that reads each message to its end, and
// answers 250 without having kept any of it. scripts/bench compares with it.
package main

import (
	"io"
	"log"
	"os"

	"github.com/emersion/go-smtp"
)

type session struct{}

func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (session) Reset()                               {}
func (session) Logout() error                        { return nil }

func (session) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func main() {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return session{}, nil
	}))
	server.Addr, server.Domain = os.Args[1], "bench.example"
	server.MaxMessageBytes, server.MaxRecipients = 64<<20, 100
	log.Fatal(server.ListenAndServe())
}
