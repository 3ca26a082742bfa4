package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// setAsideDir is the folder, among the contents, of what a person took out of the database.
const setAsideDir = "set-aside"

// ErrSound says that a row is not damaged, and so is not set aside.
var ErrSound = errors.New("its row is not damaged")

// A rowAside is a row as it stood, octet for octet.
type rowAside struct {
	Table   string    `json:"table"`
	Columns []Damaged `json:"columns"`
}

// SetAside takes a held message, a ticket or a comment whose row is damaged, or a message that is
// none of them, out of the database: into a file with all that stood in its rows, and its content
// beside it. The comments of a ticket go with it, each into a file of its own.
// It names the file. ErrNotFound if there is no such row, ErrSound if nothing of it is damaged.
func (h *Editor) SetAside(ctx context.Context, id int64) (file string, err error) {
	table, err := h.db.damagedIn(ctx, id)
	if err != nil {
		return "", fmt.Errorf("message %d: %w", id, err)
	}
	file = h.asideFile(id)
	var contents []string
	err = h.changeQueue(ctx, func(t *tx) (err error) {
		contents, err = h.setAsideAll(t, table, id)
		return err
	})
	if err != nil {
		return "", err
	}
	return file, h.db.contents.remove(contents)
}

func (h *Editor) asideFile(id int64) string {
	return filepath.Join(h.db.Dir(), setAsideDir, fmt.Sprint(id, ".json"))
}

// setAsideAll sets the comments of a ticket aside before that: they are of nothing else.
func (h *Editor) setAsideAll(t *tx, table string, id int64) (contents []string, err error) {
	var comments []string
	if table == "tickets" {
		comments, err = t.texts(`select cast(id as text) from comments where ticket = $1`, id)
		if err != nil {
			return nil, err
		}
	}
	for _, text := range comments {
		comment, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		content, err := h.setAside(t, "comments", comment)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	content, err := h.setAside(t, table, id)
	return append(contents, content), err
}

// damagedIn names the table in which a message is damaged, messages if no other has it.
func (db *DB) damagedIn(ctx context.Context, id int64) (table string, err error) {
	s, err := db.Suspended(ctx, id)
	if table = "suspended"; err == nil && s.Damaged == nil {
		return table, ErrSound
	}
	if !errors.Is(err, ErrNotFound) {
		return table, err
	}
	t, err := db.Ticket(ctx, id)
	if table = "tickets"; err == nil && t.Damaged == nil {
		return table, ErrSound
	}
	if !errors.Is(err, ErrNotFound) {
		return table, err
	}
	c, err := db.Comment(ctx, id)
	if table = "comments"; err == nil && c.Damaged == nil {
		return table, ErrSound
	}
	if !errors.Is(err, ErrNotFound) {
		return table, err
	}
	for stray, err := range db.Stray(ctx) {
		if err != nil || stray == id {
			return "messages", err
		}
	}
	return "", ErrNotFound
}

// setAside writes the files before the rows go. It names that of the content, to be removed.
func (h *Editor) setAside(t *tx, table string, id int64) (content string, err error) {
	message, file := id, h.asideFile(id)
	if table == "tickets" || table == "comments" {
		err := t.row(`select message from `+table+` where id = $1`, id).Scan(&message)
		if err != nil {
			return "", absent(err)
		}
	}
	queued, err := t.rowAside(table, id)
	if err != nil {
		return "", err
	}
	kept, err := t.rowAside("messages", message)
	if err != nil {
		return "", err
	}
	content = contentName(kept.text("decision_id"))
	err = writeAside(file, []rowAside{queued, kept}, kept.text("raw"),
		filepath.Join(h.db.Dir(), filepath.Base(content)))
	if err != nil {
		return "", fmt.Errorf("set message %d aside: %w", id, err)
	}
	t.total(totalSetAside)
	t.queue, t.erased = true, true
	if err := t.withdraw(message, 0, "the message was damaged, and was set aside"); err != nil {
		return "", err
	}
	if table != "messages" {
		if err := h.db.bury(t, table, id, EndedSetAside, h.actor.Name); err != nil {
			return "", err
		}
	}
	if err := t.forgetThread(kept.text("message_id"), message); err != nil {
		return "", err
	}
	_, err = h.note(t, event{action: Action(table + ".set_aside"), subject: fmt.Sprint(id),
		after: map[string]string{"file": file}})
	return filepath.Base(content), errors.Join(err, t.exec("delete from "+table+" where id = $1", id),
		t.forgetFacts(message), t.exec(`delete from messages where id = $1`, message))
}

func (r rowAside) text(column string) string {
	for _, c := range r.Columns {
		if c.Column == column {
			return string(c.Raw)
		}
	}
	return ""
}

// rowAside reads a row as it stands; one that is not there has no columns.
func (t *tx) rowAside(table string, id int64) (r rowAside, err error) {
	r.Table = table
	stmt, err := t.stmt("select * from " + table + " where id = $1")
	if err != nil {
		return r, err
	}
	rows, err := stmt.QueryContext(t.context(), id)
	if err != nil {
		return r, damaged(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		return r, errors.Join(err, damaged(rows.Err()))
	}
	values, dest := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	if err := rows.Scan(dest...); err != nil {
		return r, damaged(err)
	}
	for i, name := range names {
		r.Columns = append(r.Columns, Damaged{name, rawBytes(values[i])})
	}
	return r, nil
}

// writeAside has the rows on disk, and the content beside them, before it returns.
func writeAside(file string, rows []rowAside, raw, contentFile string) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	beside := strings.TrimSuffix(file, ".json") + ".eml"
	if raw == "" {
		err = copyFile(contentFile, beside)
	} else {
		err = copyTo(beside, strings.NewReader(raw))
	}
	return errors.Join(ignoreAbsent(err), copyTo(file, bytes.NewReader(text)),
		giveTo(dir, filepath.Dir(dir)), syncDir(dir))
}
