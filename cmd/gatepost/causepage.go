package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gatepost/docs"
	"gatepost/policy"
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

func (q *question) printPage(cmd *cobra.Command, page causePage) error {
	if err := refuseFlags(cmd, page.Cause+" is a cause"); err != nil {
		return err
	}
	if q.json {
		return q.printJSON(page)
	}
	_, err := fmt.Fprint(q.stdout, page.Page)
	return err
}
