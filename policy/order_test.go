package policy

import (
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// TestOrder compares the rules with the package comment, which is the order that people
// read.
func TestOrder(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "order.go", nil,
		parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\t(\S.*?)  `)
	var told []string
	for _, m := range line.FindAllStringSubmatch(file.Doc.Text(), -1) {
		told = append(told, m[1])
	}
	var asked []string
	for id := ruleID(1); id <= rulePass; id++ {
		asked = append(asked, id.String())
	}
	if !slices.Equal(told, asked) {
		t.Errorf("the comment says\n%q\nand the rules are\n%q", told, asked)
	}
	if int(rulePass) > maxSteps {
		t.Errorf("a trail of %d steps cannot hold %d rules", maxSteps, rulePass)
	}
}

func TestZeroActionIsSuspend(t *testing.T) {
	var d Decision
	if d.Action != Suspend || d.Why() == "" || len(d.Trail()) != 0 {
		t.Errorf("the zero Decision is %v, %q", d.Action, d.Why())
	}
}
