package main

import (
	"fmt"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"gatepost/docs"
	"gatepost/policy"
	"gatepost/terminal"
)

// A causePage is what explain prints of a cause.
type causePage struct {
	Cause   string `json:"cause"`
	CauseID *int   `json:"cause_id"`
	Page    string `json:"page"` // Markdown
}

// pageOf is the page of the cause that ref names; ok is false if it names none, or a file.
func pageOf(ref string) (page causePage, ok bool) {
	cause, ok := policy.ParseCause(ref)
	if !ok || isPath(ref) {
		return page, false
	}
	page.Cause = ref
	if id, ok := cause.ID(); ok {
		page.CauseID = &id
	}
	page.Page, ok = docs.Cause(ref)
	return page, ok
}

// nearCause names the cause that somebody meant who mistyped two letters, or nothing.
func nearCause(ref string) error {
	for cause := range policy.EachCause() {
		far := levenshtein.ComputeDistance(cause.String(), ref)
		if far > 0 && far <= min(2, len(ref)/3) {
			return no("did you mean the cause %s?", cause)
		}
	}
	return nil
}

func (q *question) printPage(cmd *cobra.Command, page causePage) error {
	if err := refuseFlags(cmd, page.Cause+" is a cause"); err != nil {
		return err
	}
	if q.json {
		return q.printJSON(page)
	}
	text := page.Page
	if width, ok := terminal.Width(q.stdout); ok {
		text = terminal.Fold(text, min(width, 100))
	}
	_, err := fmt.Fprint(q.stdout, text)
	return err
}
