package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"gatepost/courier"
)

// command runs a program for each message.
func (m *maker) command() (courier.Carrier, error) {
	retry, errRetry := exitCodes("retry", m.Retry)
	some, errSome := exitCodes("retry_some", m.RetrySome)
	if err := errors.Join(errRetry, errSome); err != nil {
		return nil, err
	}
	return carrierOf(courier.NewCommand(courier.CommandConfig{Program: m.Program, Args: m.Args,
		Env: m.Env, Dir: m.Dir, Retry: retry, RetrySome: some, SomeAttempts: int(m.SomeAttempts),
		Timeout: time.Duration(m.Timeout), Wrapping: m.wrapping()}))
}

// exitCodes reads codes as in "75, 1"; nil if there are none.
func exitCodes(key, text string) (codes []int, err error) {
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, ",", " ")) {
		code, err := strconv.Atoi(word)
		if err != nil || code < 1 || code > 255 {
			return nil, fmt.Errorf("%s: %q is no exit code: write them as in 75, 1, each from 1 to 255",
				key, word)
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// maildir puts each message into a folder of this machine.
func (m *maker) maildir() (courier.Carrier, error) {
	file, errFile := octal("file_mode", m.FileMode)
	folder, errFolder := octal("folder_mode", m.FolderMode)
	if err := errors.Join(errFile, errFolder); err != nil {
		return nil, err
	}
	return carrierOf(courier.NewMaildir(courier.MaildirConfig{Path: m.Path, Create: bool(m.Create),
		FileMode: file, FolderMode: folder, Wrapping: m.wrapping()}))
}

// octal reads a mode as chmod does, with the digit of setgid if there are four.
func octal(key, text string) (fs.FileMode, error) {
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > 0o7777 {
		return 0, fmt.Errorf("%s: %q is no mode: write it as in 0640", key, text)
	}
	mode := fs.FileMode(n & 0o777)
	for bit, is := range map[uint64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid,
		0o1000: fs.ModeSticky} {
		if n&bit != 0 {
			mode |= is
		}
	}
	return mode, nil
}
