package settings

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Secret is the password: of the setting, else the first line of the file.
func (h *Handoff) Secret() (string, error) {
	lines, err := secretLines("password_file", string(h.Password), h.PasswordFile)
	return lines[0], err
}

// APIKey is the secret of a target of the kind http: of the setting, else the first line of the
// file.
func (h *Handoff) APIKey() (string, error) {
	lines, err := secretLines("secret_file", string(h.Key), h.KeyFile)
	return lines[0], err
}

// SigningKeys are the secrets of a webhook, of which each signs: in the setting with white space
// between, in the file one a line.
func (h *Handoff) SigningKeys() ([]string, error) {
	lines, err := secretLines("secret_file", string(h.Key), h.KeyFile)
	return strings.Fields(strings.Join(lines, " ")), err
}

// secretLines are a secret, or the lines of its file, of which the first is not empty. There is
// one line at least.
func secretLines(key, value, file string) ([]string, error) {
	if file == "" {
		return []string{value}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return []string{""}, fmt.Errorf("%s: %w", key, err)
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if lines[0] = strings.TrimSuffix(lines[0], "\r"); lines[0] == "" {
		return lines, fmt.Errorf("%s: the first line of %s is empty", key, file)
	}
	return lines, nil
}

// A Pair is a name and what it has.
type Pair struct{ Name, Value string }

// pairs reads NAME=value, each of a setting.
func pairs(key string, words Words, secret string) (all []Pair, err error) {
	var errs []error
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		if !found || name == "" {
			// What may be a secret in the wrong place is not said.
			errs = append(errs, fmt.Errorf("%s: entry %d is not NAME=value: write it so, and for what "+
				"is secret auth = %q", key, len(all)+1, secret))
		}
		all = append(all, Pair{name, value})
	}
	return all, errors.Join(errs...)
}

// FormFields are the further fields of a form.
func (h *Handoff) FormFields() ([]Pair, error) { return pairs("fields", h.Fields, "field NAME") }

// HeaderFields are the further fields of a request.
func (h *Handoff) HeaderFields() ([]Pair, error) {
	return pairs("headers", h.Headers, "header NAME")
}
