package store

import "testing"

// A new database has the sum that is looked for: with another, each command would compare the
// slow way.
func TestSchemaSum(t *testing.T) {
	f := open(t)
	found, err := objects(t.Context(), f.read, "main")
	if err != nil {
		t.Fatal(err)
	}
	if got := sumOf(found); got != schemaSum {
		t.Errorf("a new database has the sum %s, and schemaSum is %s", got, schemaSum)
	}
}
