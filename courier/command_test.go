package courier

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// script is a program that a test is about.
func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func carryCommand(t *testing.T, c CommandConfig, p *Parcel) (Result, string) {
	t.Helper()
	command, err := NewCommand(c)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	r := command.Carry(t.Context(), p, &said)
	if err := command.Close(); err != nil {
		t.Error(err)
	}
	return r, said.String()
}

// TestWhatCommandsGet runs a program that writes down all that it has.
func TestWhatCommandsGet(t *testing.T) {
	t.Setenv("GATEPOST_SECRET", "s3cret") // of our own environment nothing is handed on
	dir := t.TempDir()
	p := mailOf(mail)
	p.MailFrom, p.MessageID = `"$(id)"@bounce.test`, "<`id`;*@strangers.test>"
	r, dialogue := carryCommand(t, CommandConfig{
		Program: script(t, "cat >mail; env >env; for a; do echo \"<$a>\"; done >args; echo \"ticket 5\" >&2"),
		Args: []string{"--queue", "General Q", "--from={sender}", "{recipients}", "{ticket}-{attempt}",
			"{recipient}/{key}/{event}/{decision}/{cause}/{email}", "{message_id}"},
		Env: []string{"TOKEN=a b", "LANG=de_DE.UTF-8"}, Dir: dir,
	}, p)
	if r.Outcome != Done || r.Said != "exit 0: ticket 5" || !strings.HasSuffix(dialogue,
		"< ticket 5\n* exit 0: ticket 5\n") {
		t.Errorf("%+v\n%s", r, dialogue)
	}
	for file, want := range map[string]string{
		"mail": "Return-Path: <\"$(id)\"@bounce.test>\r\n" + mail,
		"args": "<--queue>\n<General Q>\n<--from=\"$(id)\"@bounce.test>\n<help@desk.test>\n" +
			"<info@desk.test>\n<7-1>\n<help@desk.test/tkt7.desk/ticket.created/D7//sam@strangers.test>\n" +
			"<<`id`;*@strangers.test>>\n",
		"env": "GATEPOST_ATTEMPT=1\nGATEPOST_CAUSE=\nGATEPOST_DECISION=D7\n" +
			"GATEPOST_EMAIL=sam@strangers.test\nGATEPOST_EVENT=ticket.created\nGATEPOST_KEY=tkt7.desk\n" +
			"GATEPOST_MESSAGE_ID=<`id`;*@strangers.test>\nGATEPOST_REPLY_ADDRESS=\n" +
			"GATEPOST_RECIPIENTS=help@desk.test\ninfo@desk.test\nGATEPOST_SIZE=121\nGATEPOST_TICKET=7\n" +
			"LANG=de_DE.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n" +
			"PWD=" + dir + "\nRECIPIENT=help@desk.test\nSENDER=\"$(id)\"@bounce.test\nTOKEN=a b\n",
	} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		text := string(got)
		if file == "env" {
			text = sorted(text)
			want = sorted(want)
		}
		if diff := cmp.Diff(want, text); err != nil || diff != "" {
			t.Errorf("%s: %v %s", file, err, diff)
		}
	}
}

func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestWhatExitCodesMean(t *testing.T) {
	some := CommandConfig{Retry: []int{1, 75}, RetrySome: []int{77}, SomeAttempts: 2}
	for _, test := range []struct {
		do      string
		config  CommandConfig
		attempt int
		want    Outcome
		pause   bool
		said    string
	}{
		{do: "cat >/dev/null", want: Done, said: "exit 0"},
		{do: "exit 0", want: Done, said: "exit 0"}, // it need not read to the end
		{do: "echo a; echo b >&2; exit 1", want: Fail, said: "exit 1: a b"},
		{do: "exit 64", want: Retry, pause: true, said: "exit 64 (EX_USAGE, wrong arguments)"},
		{do: "exit 65", want: Fail, said: "exit 65 (EX_DATAERR, the message is not as it should be)"},
		{do: "exit 67", want: Fail, said: "exit 67 (EX_NOUSER, no such recipient)"},
		{do: "exit 75", want: Retry, said: "exit 75 (EX_TEMPFAIL, later perhaps)"},
		{do: "exit 77", want: Fail, said: "exit 77 (EX_NOPERM, not permitted)"},
		{do: "exit 78", want: Retry, pause: true, said: "exit 78 (EX_CONFIG, a mistake in its settings)"},
		{do: "/absent/program", want: Retry, pause: true, said: "exit 127 (what it should run was not found)"},
		{do: "exit 255", want: Fail, said: "exit 255"},
		{do: "kill -9 $$", want: Unknown, said: "signal: killed: it may have taken the message"},
		{do: "exit 1", config: some, want: Retry, said: "exit 1"},
		{do: "exit 77", config: some, attempt: 2, want: Retry},
		{do: "exit 77", config: some, attempt: 3, want: Fail},
		{do: "exit 75", config: CommandConfig{Retry: []int{1}}, want: Fail},
		{do: "exit 78", config: CommandConfig{Retry: []int{78}}, want: Retry},
	} {
		p := mailOf(mail)
		p.Attempt = max(1, test.attempt)
		test.config.Program = script(t, test.do)
		r, _ := carryCommand(t, test.config, p)
		if r.Outcome != test.want || r.Pause != test.pause || !strings.HasPrefix(r.Said, test.said) {
			t.Errorf("%s: %+v, want %s, pause %v, said %q", test.do, r, test.want, test.pause, test.said)
		}
	}
}

// TestProgramThatIsNotThere pauses the target.
func TestProgramThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	plain, noBang := filepath.Join(dir, "plain"), filepath.Join(dir, "nobang")
	for name, mode := range map[string]os.FileMode{plain: 0o644, noBang: 0o755} {
		if err := os.WriteFile(name, []byte("cat\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ program, dir, said string }{
		{dir + "/absent", "", "set program to where it is"},
		{plain, "", "chmod +x"},
		{noBang, "", "a script begins with #!"},
		{"/bin/cat", dir + "/absent", "and dir to a folder that is there"},
	} {
		r, _ := carryCommand(t, CommandConfig{Program: test.program, Dir: test.dir}, mailOf(mail))
		if r.Outcome != Retry || !r.Pause || !strings.Contains(r.Said, test.said) {
			t.Errorf("%s: %+v, want %q", test.program, r, test.said)
		}
	}
}

// TestProgramThatIsEnded is ended with all that it has started, and nobody knows what it did.
func TestProgramThatIsEnded(t *testing.T) {
	for name, do := range map[string]string{
		"sleeps":        "cat >/dev/null; sleep 1000",
		"reads nothing": "sleep 1000",
		"hears nothing": "trap '' TERM; cat >/dev/null; while :; do sleep 1000; done",
		"ends well":     "trap 'exit 0' TERM; cat >/dev/null; sleep 1000 & wait",
		"says much":     "cat >/dev/null; while :; do echo much; done",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pids, ready := filepath.Join(dir, "pids"), filepath.Join(dir, "ready")
			if err := syscall.Mkfifo(ready, 0o600); err != nil {
				t.Fatal(err)
			}
			command, err := NewCommand(CommandConfig{Grace: 50 * time.Millisecond, Program: script(t,
				"sleep 1000 >/dev/null 2>&1 &\necho $$ $! >"+pids+"\necho >"+ready+"\n"+do)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(t.Context())
			go func() {
				defer end()
				_, err := os.ReadFile(ready) // until the program has written there
				if err != nil {
					t.Error(err)
				}
			}()
			p := mailOf(mail)
			p.Size = large
			p.Open = func() (io.ReadCloser, error) {
				return io.NopCloser(io.LimitReader(zeroes{}, large)), nil
			}
			r := command.Carry(ctx, p, nil)
			if r.Outcome != Unknown || !strings.Contains(r.Said, "it may have taken the message") ||
				len(r.Said) > 2*saidLimit {
				t.Errorf("%+v", r)
			}
			ended(t, pids)
		})
	}
	r, _ := carryCommand(t, CommandConfig{Program: script(t, "sleep 1000"),
		Timeout: 300 * time.Millisecond}, mailOf(mail))
	if r.Outcome != Unknown || !strings.Contains(r.Said, "was ended before it was done (context deadline") {
		t.Errorf("by its own time limit: %+v", r)
	}
}

// TestNothingIsLeftBehind: what a program leaves in its group ends with it, and does not keep us.
func TestNothingIsLeftBehind(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	r, _ := carryCommand(t, CommandConfig{Program: script(t, "cat >/dev/null\n"+
		"sleep 1000 &\necho $! >"+pids+"\necho taken\n")}, mailOf(mail))
	if r.Outcome != Done || r.Said != "exit 0: taken" {
		t.Errorf("%+v", r)
	}
	ended(t, pids)
}

// TestProgramThatLeavesItsGroup cannot be ended with it, but does not keep us for long.
func TestProgramThatLeavesItsGroup(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	r, _ := carryCommand(t, CommandConfig{Grace: 50 * time.Millisecond, Program: script(t,
		"cat >/dev/null\nsetsid sh -c 'echo $$ >"+pids+"; echo there; exec sleep 1000' &\n"+
			"while ! test -s "+pids+"; do :; done\n")}, mailOf(mail))
	if r.Outcome != Done {
		t.Errorf("%+v", r)
	}
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("it should still run: %v", err)
	}
}

// ended waits for the end of processes whose numbers stand in a file: SIGKILL is on its way to
// them, or they are gone.
func ended(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || strings.TrimSpace(string(text)) == "" {
		t.Fatalf("%q, %v", text, err)
	}
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue // it is gone
		}
		defer unix.Close(fd)
		n := 0
		for err = unix.EINTR; errors.Is(err, unix.EINTR); {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000)
		}
		if n == 0 || err != nil {
			t.Errorf("%d still runs, %v", pid, err)
		}
	}
}

// TestMessageThatNoProgramGetsWhole: the program must not see an end that is none.
func TestMessageThatNoProgramGetsWhole(t *testing.T) {
	done := filepath.Join(t.TempDir(), "done")
	p := mailOf(mail)
	p.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(mail),
			iotest.ErrReader(errors.New("torn page")))), nil
	}
	r, _ := carryCommand(t, CommandConfig{Program: script(t, "cat >/dev/null; echo >"+done)}, p)
	if r.Outcome != Retry || !strings.Contains(r.Said, "read the message: torn page") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(done); err == nil {
		t.Error("the program saw the end of the message")
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	command, err := NewCommand(CommandConfig{Program: "/bin/cat"})
	if err != nil {
		t.Fatal(err)
	}
	if r := command.Carry(ctx, mailOf(mail), nil); r.Outcome != Retry || r.Pause {
		t.Errorf("ended before it began: %+v", r)
	}
}

// TestMessageChoosesNoOption: what a sender writes is an argument, and never an option.
func TestMessageChoosesNoOption(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // the arguments, or what is said
	}{
		{[]string{"{sender}"}, "would be an option of"},
		{[]string{"{recipients}"}, "option of"},
		{[]string{"-x", "{recipients}", "--"}, "would be an option of"},
		{[]string{"--", "{sender}", "{recipients}"}, "-- -oQ@evil.test help@desk.test --config=/tmp/x@desk.test"},
		{[]string{"--from={sender}"}, "--from=-oQ@evil.test"},
		{[]string{"-f{sender}"}, "-f-oQ@evil.test"},
	} {
		p := mailOf(mail)
		p.MailFrom, p.Recipients = "-oQ@evil.test", []string{"help@desk.test", "--config=/tmp/x@desk.test"}
		r, _ := carryCommand(t, CommandConfig{Program: script(t, "cat >/dev/null; echo \"$@\""),
			Args: test.args}, p)
		if taken := r.Outcome == Done; !strings.Contains(r.Said, test.want) ||
			taken == strings.Contains(test.want, "option") || !taken && r.Outcome != Fail {
			t.Errorf("%q: %+v, want %q", test.args, r, test.want)
		}
	}
}

func TestCommandSettings(t *testing.T) {
	for _, test := range []struct {
		config CommandConfig
		want   string
	}{
		{CommandConfig{Program: "rt-mailgate --queue a"}, "and its arguments into args"},
		{CommandConfig{}, "does not begin at the root"},
		{CommandConfig{Args: []string{"{subject}"}}, "{subject} in \"{subject}\" stands for nothing"},
		{CommandConfig{Args: []string{"--to={recipients}"}}, "let it be an argument of its own"},
		{CommandConfig{Args: []string{"a\x00b"}}, "has a NUL in it"},
		{CommandConfig{Env: []string{"TOKEN"}}, "env: \"TOKEN\" is no variable"},
		{CommandConfig{Env: []string{"=a"}}, "write it as in NAME=value"},
		{CommandConfig{Retry: []int{0}}, "0 is no exit code that can mean it"},
		{CommandConfig{RetrySome: []int{256}}, "256 is no exit code"},
		{CommandConfig{Timeout: -1}, "less than nothing"},
	} {
		if test.config.Program == "" && test.want != "does not begin at the root" {
			test.config.Program = "/bin/true"
		}
		if _, err := NewCommand(test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
