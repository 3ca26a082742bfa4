package zendesk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An object is a user, an organisation, or a page of them, as the export and the API write them.
type object struct {
	Users         []json.RawMessage `json:"users"`
	Organizations []json.RawMessage `json:"organizations"`
	User          json.RawMessage   `json:"user"`
	Organization  json.RawMessage   `json:"organization"`

	Name       string     `json:"name"`
	Email      *string    `json:"email"`
	Role       *string    `json:"role"`
	Suspended  bool       `json:"suspended"`
	Active     *bool      `json:"active"`
	Erased     bool       `json:"permanently_deleted"`
	Domains    *[]string  `json:"domain_names"`
	Identities []identity `json:"identities"`
}

// An identity is one of the ways in which a user is known.
type identity struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// readJSON reads objects one after the other, a line each or not, or an array of them.
func (e *Export) readJSON(name string, text []byte, k kind) error {
	d := json.NewDecoder(bytes.NewReader(text))
	f := jsonFile{Export: e, name: name, text: text}
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", name, f.lineAt(f.endOf(d, err)), err)
		}
		if raw[0] == '[' {
			err = f.readAll(raw, k)
		} else {
			err = f.read(raw, k)
		}
		if err != nil {
			return err
		}
	}
}

// endOf is the offset at which no more could be read.
func (f *jsonFile) endOf(d *json.Decoder, err error) int {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return len(bytes.TrimSpace(f.text))
	case errors.As(err, &syntax):
		return min(int(syntax.Offset), len(f.text))
	}
	return int(d.InputOffset())
}

// A jsonFile is a file that is read from its start to its end.
type jsonFile struct {
	*Export
	name   string
	text   []byte
	offset int // in the text, up to which lines are counted
	lines  int
}

// lineAt is the line of an offset, which does not go back.
func (f *jsonFile) lineAt(offset int) int {
	if offset > f.offset {
		f.lines += bytes.Count(f.text[f.offset:offset], []byte("\n"))
		f.offset = offset
	}
	return f.lines + 1
}

// lineOf is the line of an object, which stands in the text as it is.
func (f *jsonFile) lineOf(raw json.RawMessage) int {
	if at := bytes.Index(f.text[f.offset:], raw); at >= 0 {
		f.lineAt(f.offset + at)
	}
	return f.lines + 1
}

func (f *jsonFile) readAll(raw json.RawMessage, k kind) error {
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	for _, one := range all {
		if err := f.read(one, k); err != nil {
			return err
		}
	}
	return nil
}

// read reads an object. One of another form than that of a user or an organisation is left out.
func (f *jsonFile) read(raw json.RawMessage, k kind) error {
	line := f.lineOf(raw)
	r := record{file: f.name, line: line}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		f.leave(r, "", err.Error())
		return nil
	}
	switch {
	case o.Users != nil || o.Organizations != nil:
		for _, one := range o.Users {
			if err := f.read(one, users); err != nil {
				return err
			}
		}
		for _, one := range o.Organizations {
			if err := f.read(one, organizations); err != nil {
				return err
			}
		}
	case o.User != nil:
		return f.read(o.User, users)
	case o.Organization != nil && o.Email == nil && o.Role == nil:
		return f.read(o.Organization, organizations)
	case o.Domains != nil || k == organizations:
		f.addOrg(o.organization(r))
	case o.Role != nil || o.Email != nil || k == users:
		f.addUser(o.user(r))
	default:
		return fmt.Errorf("%s: line %d: it is neither a user, with email and role, nor an "+
			"organisation, with domain_names", f.name, line)
	}
	return nil
}

func (o object) organization(r record) (record, string) {
	r.name = o.Name
	if o.Domains == nil {
		return r, ""
	}
	return r, strings.Join(*o.Domains, " ")
}

func (o object) user(r record) record {
	r.name, r.suspended = o.Name, o.Suspended
	r.deleted = o.Erased || o.Active != nil && !*o.Active
	if o.Role != nil {
		r.role = *o.Role
	}
	if o.Email != nil {
		r.emails = append(r.emails, *o.Email)
	}
	for _, i := range o.Identities {
		if i.Type == "email" && (o.Email == nil || !strings.EqualFold(i.Value, *o.Email)) {
			r.emails = append(r.emails, i.Value)
		}
	}
	return r
}
