package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	commandTime  = 180 * time.Second
	commandGrace = 5 * time.Second
	outputLimit  = 64 << 10 // octets kept of what a program says
	tempFail     = 75       // EX_TEMPFAIL of sysexits.h
)

// CommandConfig is a program that takes a message on its standard input, as rt-mailgate does. No
// shell is between.
type CommandConfig struct {
	// Program is the path of the program, from the root on.
	Program string
	// Args are its arguments. {sender}, {recipient} (the first), {ticket}, {key}, {event},
	// {decision}, {cause}, {email} (of the requester), {message_id} and {attempt} stand for what
	// they say; {recipients}, alone in an argument, for one argument each. A value at the start of
	// an argument that begins with - could be an option: it is refused unless an argument before
	// it is --.
	Args []string
	// Env are further variables, as NAME=value. Without them there are PATH, LANG, SENDER,
	// RECIPIENT and those that begin with GATEPOST_.
	Env []string
	// Dir is where it runs; / if it is empty.
	Dir string
	// Retry are the exit codes of a message that may be taken later; 75 (EX_TEMPFAIL) if it is nil.
	Retry []int
	// RetrySome are those of a message that may be taken later, or never: it is tried again up to
	// SomeAttempts, and is refused then.
	RetrySome []int
	// SomeAttempts is 5 if it is 0.
	SomeAttempts int
	// Timeout is for a whole run; 180 seconds if it is 0.
	Timeout time.Duration
	// Grace is between SIGTERM and SIGKILL for a run that is too long; 5 seconds if it is 0.
	Grace    time.Duration
	Wrapping Wrapping
}

// A Command carrier runs a program for each message.
type Command struct{ config CommandConfig }

// NewCommand checks the settings. Whether the program is there is seen when it is run.
func NewCommand(c CommandConfig) (*Command, error) {
	if !filepath.IsAbs(c.Program) {
		return nil, fmt.Errorf("program: %q does not begin at the root: write it as in "+
			"/usr/bin/rt-mailgate, and its arguments into args", c.Program)
	}
	for _, arg := range c.Args {
		if err := checkArg(arg); err != nil {
			return nil, err
		}
	}
	for _, variable := range c.Env {
		name, _, found := strings.Cut(variable, "=")
		if !found || name == "" || strings.Contains(variable, "\x00") {
			// What may stand for a secret is not said.
			return nil, fmt.Errorf("env: %q is no variable: write it as in NAME=value", name)
		}
	}
	for _, code := range slices.Concat(c.Retry, c.RetrySome) {
		if code < 1 || code > 255 {
			return nil, fmt.Errorf("retry: %d is no exit code that can mean it: give one from 1 "+
				"to 255", code)
		}
	}
	if c.Timeout < 0 || c.Grace < 0 || c.SomeAttempts < 0 {
		return nil, fmt.Errorf("timeout %s, grace %s, some_attempts %d: less than nothing: leave "+
			"them out for the defaults", c.Timeout, c.Grace, c.SomeAttempts)
	}
	return &Command{config: c.withDefaults()}, nil
}

func (c CommandConfig) withDefaults() CommandConfig {
	if c.Retry == nil {
		c.Retry = []int{tempFail}
	}
	if c.SomeAttempts == 0 {
		c.SomeAttempts = someAttempts
	}
	if c.Timeout == 0 {
		c.Timeout = commandTime
	}
	if c.Grace == 0 {
		c.Grace = commandGrace
	}
	if c.Dir == "" {
		c.Dir = "/"
	}
	return c
}

// Carry runs the program. Its whole process group has been killed when Carry returns; a process
// that has left the group is not ended.
func (c *Command) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	args, err := c.config.args(p)
	if err != nil {
		return Result{Outcome: Fail, Said: err.Error()}
	}
	message, err := c.config.Wrapping.Open(p)
	if err != nil {
		return Result{Said: err.Error()}
	}
	defer message.Close()
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	run := &run{out: &capped{limit: outputLimit}, grace: c.config.Grace}
	run.cmd = exec.CommandContext(ctx, c.config.Program, args...)
	run.cmd.Dir, run.cmd.Env = c.config.Dir, c.config.environment(p)
	tell(dialogue, ">", fmt.Sprintf("%s %q", c.config.Program, args))
	err = run.do(message)
	for line := range strings.Lines(run.out.String()) {
		tell(dialogue, "<", strings.TrimRight(line, "\r\n"))
	}
	result := c.config.result(ctx, run, err, p.Attempt)
	tell(dialogue, "*", result.Said)
	return result
}

// A run is one process and its group.
type run struct {
	cmd     *exec.Cmd
	out     *capped
	grace   time.Duration
	started bool
	unread  error // why the message could not be read on our side
	mu      sync.Mutex
	ended   bool // the process's number may be another's
}

// do starts the program, gives it the message, and waits for its end.
func (r *run) do(message io.Reader) error {
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.cmd.WaitDelay = r.grace // for a process that has left the group, and holds the pipes open
	r.cmd.Cancel = func() error {
		time.AfterFunc(r.grace, func() { r.signal(syscall.SIGKILL) })
		return r.signal(syscall.SIGTERM)
	}
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.started = true
	var fed sync.WaitGroup
	fed.Go(func() { r.feed(stdin, message) })
	r.awaitEnd()
	err = r.cmd.Wait() // closes stdin, whatever is still to be written
	fed.Wait()
	if errors.Is(err, exec.ErrWaitDelay) { // which comes in the place of a success only
		return nil
	}
	return err
}

// feed writes the message. If it cannot be read whole, the program must not see its end: it
// would take a part of it for all.
func (r *run) feed(stdin io.WriteCloser, message io.Reader) {
	source := &failing{in: message}
	_, _ = io.Copy(stdin, source) // a program need not read to the end: its code tells
	if r.unread = source.err; r.unread != nil {
		_ = r.signal(syscall.SIGKILL)
		return
	}
	_ = stdin.Close() // which Wait may have done
}

// awaitEnd returns when the program has ended but still has its number, and ends what else is in
// its group: it could hold the pipes open, and the number could be another's later.
func (r *run) awaitEnd() {
	for {
		err := unix.Waitid(unix.P_PID, r.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = r.signal(syscall.SIGKILL)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}

// signal goes to the whole group, as long as the program's number is its own.
func (r *run) signal(s syscall.Signal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return os.ErrProcessDone
	}
	return syscall.Kill(-r.cmd.Process.Pid, s)
}

// A failing reader remembers why it could not be read.
type failing struct {
	in  io.Reader
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.in.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// capped keeps the beginning of what is written to it.
type capped struct {
	mu    sync.Mutex
	limit int
	kept  []byte
}

func (c *capped) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, b[:min(len(b), c.limit-len(c.kept))]...)
	return len(b), nil
}

func (c *capped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.kept)
}

// result says what the end of a run means.
func (c CommandConfig) result(ctx context.Context, r *run, err error, attempt int) Result {
	said := words(r.out.String())
	with := func(what string) string { return strings.TrimSuffix(what+": "+said, ": ") }
	var exit *exec.ExitError
	switch {
	case !r.started:
		return c.notStarted(err)
	case r.unread != nil:
		return Result{Said: fmt.Sprintf("read the message: %s: the program was ended", r.unread)}
	case ctx.Err() != nil && err != nil:
		return Result{Outcome: Unknown, Said: with(fmt.Sprintf("%s was ended before it was done "+
			"(%s): it may have taken the message", c.Program, context.Cause(ctx)))}
	case err == nil:
		return Result{Outcome: Done, Said: with("exit 0")}
	case !errors.As(err, &exit):
		return Result{Outcome: Unknown, Said: with(err.Error())}
	case !exit.Exited():
		return Result{Outcome: Unknown,
			Said: with(exit.String() + ": it may have taken the message")}
	}
	code := exit.ExitCode()
	outcome, pause := c.read(code, attempt)
	return Result{Outcome: outcome, Pause: pause, Said: with(codeName(code))}
}

// read is what an exit code means.
func (c CommandConfig) read(code, attempt int) (o Outcome, pause bool) {
	switch {
	case slices.Contains(c.Retry, code):
		return Retry, false
	case slices.Contains(c.RetrySome, code) && attempt <= c.SomeAttempts:
		return Retry, false
	case slices.Contains(c.RetrySome, code):
		return Fail, false
	case code == exUsage, code == exConfig, code == notExecutable, code == notFound:
		return Retry, true
	}
	return Fail, false
}

// notStarted is the result of a program that is not there or cannot be run.
func (c CommandConfig) notStarted(err error) Result {
	r := Result{Said: fmt.Sprintf("run %s: %s", c.Program, err)}
	switch {
	case errors.Is(err, os.ErrNotExist):
		r.Said += ": set program to where it is, and dir to a folder that is there"
	case errors.Is(err, os.ErrPermission):
		r.Said += ": let the server's account execute it (chmod +x)"
	case errors.Is(err, syscall.ENOEXEC):
		r.Said += ": a script begins with #! and the path of its interpreter"
	default: // as without memory or process numbers
		return r
	}
	r.Pause = true
	return r
}

// Close has nothing to end: each run ends with its Carry.
func (c *Command) Close() error { return nil }
