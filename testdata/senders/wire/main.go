// Command wire stands between a program that sends mail and Gatepost, keeps what went over
// the wire, and says whether that is what was stored. scripts/test-senders runs it; it is no
// part of Gatepost and reads nothing of its code.
//
//	wire record FROM TO FOLDER     takes connections at FROM, hands them on to TO
//	wire acked FOLDER              prints how many contents were acknowledged
//	wire list FOLDER               prints a line for each content
//	wire compare FOLDER STORED USE...
//
// STORED has a line for each message that is stored: its id, and the file it lies in. The
// standard input has the subjects of what was sent. Each must be stored, once, as it was on
// the wire; and each extension USE must have been used.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: wire record FROM TO FOLDER | acked FOLDER | list FOLDER | " +
	"compare FOLDER STORED USE... <SUBJECTS")

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) < 2 {
		return errUsage
	}
	switch command, args := args[0], args[1:]; {
	case command == "record" && len(args) == 3:
		return record(args[0], args[1], args[2])
	case command == "acked" && len(args) == 1:
		all, err := readAll(args[0])
		if err == nil {
			_, err = fmt.Fprintln(stdout, len(all.acked()))
		}
		return err
	case command == "list" && len(args) == 1:
		all, err := readAll(args[0])
		if err == nil {
			all.print(stdout)
		}
		return err
	case command == "compare" && len(args) >= 2:
		all, err := readAll(args[0])
		if err != nil {
			return err
		}
		return all.compare(args[1], args[2:], stdin, stdout)
	}
	return errUsage
}
