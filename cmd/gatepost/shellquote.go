package main

import (
	"os"
	"strconv"
	"strings"

	"gatepost/policy"
	"gatepost/settings"
)

// command is a command of ours as it can be pasted into a shell, on the database and with
// the configuration that this one has.
func (a *app) command(words ...string) string {
	line := []string{program(os.Args[0])}
	if a.configPath != "" {
		line = append(line, "--config", quote(a.configPath))
	}
	if o, ok := a.flags["db"]; ok {
		line = append(line, "--db", quote(settings.Database(o.Text).String()))
	}
	for i, dashed := 0, false; i < len(words); i++ {
		if !dashed && strings.HasPrefix(words[i], "-") {
			line, dashed = append(line, "--"), true // none of them is a flag
		}
		line = append(line, quote(words[i]))
	}
	return strings.Join(line, " ")
}

// program is how the program is called again by who called it so: one that was found in
// PATH by its name alone is found again.
func program(called string) string {
	if strings.ContainsRune(called, os.PathSeparator) {
		return quote(called)
	}
	return "gatepost"
}

// setting is how a setting gets another value, where it has its value from: as a variable of
// the environment, or in words that name the file and the section, since a second line of a
// key, or a second head of a section, is an error in TOML.
func (a *app) setting(to policy.Setting) string {
	s, err := a.settings()
	if err != nil {
		s = settings.Defaults() // nothing was decided by settings that cannot be read
	}
	if name := settings.Variable(to.Key); s.From(to.Key) == name {
		return name + "=" + quote(strings.Trim(to.Value, `"`))
	}
	section, line, _ := strings.Cut(to.String(), ".")
	return "in [" + section + "] of " + a.configFile() + ": " + line
}

// value is what a setting has now, as its text.
func (a *app) value(key string) string {
	s, err := a.settings()
	if err != nil {
		s = settings.Defaults()
	}
	return s.Value(key)
}

// configFile is the configuration file that is read, or the one that would be.
func (a *app) configFile() string {
	if a.configPath != "" {
		return a.configPath
	}
	for _, path := range settings.Files() {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return settings.Files()[0]
}

// quote writes a word as a shell reads it back, whoever wrote it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (isLetter(byte(r)) || strings.ContainsRune("0123456789@._-+:/", r))
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// recoverCommand makes a ticket of one held message.
func (a *app) recoverCommand(id int64) string {
	return a.command("suspended", "recover", strconv.FormatInt(id, 10))
}
