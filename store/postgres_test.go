package store

import (
	"context"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"gatepost/store/storetest"
)

// ofTheFile are the tests of what PostgreSQL has nothing of, since its database is no file, and of how
// SQLite goes about a query.
var ofTheFile = []string{
	// copies of the file
	"TestBackUp.*", "TestRestoreRefuses", "TestReplaced", "TestWrittenOver.*", "TestTooLargeForACopy",
	"TestWatch.*", "TestExpiryIsSaidAfterAKill", "TestExpiryFitsAPage",

	// octets of it that were changed, and rows that only so come to be
	"TestChangedOctets", "TestDamaged.*", "TestAltered.*", "TestIndexWithoutRow",
	"TestWrongIDsBesideADamagedPage", "TestSalvage.*", "TestCheckRoots", "TestCheckContents",
	"TestSetAside.*", "TestSetCommentsAside", "TestUndeleteADamagedRow", "TestUndeleteWhatCannotBe",
	"TestMatchingIsWhatWasSeen", "TestAgainFate",

	// how it is opened, made and named, who waits for it, and what lies beside it
	"TestRefused", "TestLinks", "TestHardLink", "TestLinkInACircle", "TestFilesAreTheOwners",
	"TestMissingDatabaseWithContents", "TestSweep", "TestTurns.*", "TestManyWriters", "TestWaitsForAnotherProcess",
	"TestOneServer", "TestWriterGoesOn", "TestGatherRollback", "TestNothingIsLeftOfWhatIsGone",

	// migrations of layouts that no database of PostgreSQL had
	"TestEveryMigration", "TestMigratedFromTheFirstLayout", "TestSchemaSum",

	// plans of queries
	"TestAgainByIndex", "TestStrayScansOnce", "TestDueByTarget",
}

// runTests leaves out what is of the file, where the tests run on a server.
func runTests(m *testing.M) int {
	if flag.Parse(); storetest.OnServer() {
		if err := flag.Set("test.skip", "^("+strings.Join(ofTheFile, "|")+")$"); err != nil {
			panic(err)
		}
	}
	return m.Run()
}

// at is what a test that opens a database at a path opens: see storetest.
func at(t testing.TB, path string) string {
	t.Helper()
	return storetest.At(t, path, func(url string) (io.Closer, error) {
		return Open(url, Options{Create: true})
	})
}

// onDatabase runs statements in the database that a path stands for, whatever its keys and triggers
// say.
func onDatabase(t testing.TB, path, statements string) {
	t.Helper()
	err := storetest.Run(at(t, path), "set session_replication_role = replica; "+statements)
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) isPostgres() bool { return IsPostgres(at(f.T, f.path)) }

// loseContent takes away what is too large for its row.
func (f *fixture) loseContent(decision string) {
	f.Helper()
	if f.isPostgres() {
		onDatabase(f.T, f.path, "delete from contents where decision_id = '"+decision+"'")
	} else if err := os.Remove(f.contentPath(decision)); err != nil {
		f.Fatal(err)
	}
}

// dump is all that the tables have.
func (f *fixture) dump() string {
	f.Helper()
	ctx := context.Background()
	tables := all(f.T, each(ctx, f.DB, scanText, `select table_name from information_schema.tables
		where table_schema = current_schema()`))
	var text strings.Builder
	for _, table := range tables {
		for _, row := range all(f.T, each(ctx, f.DB, scanText, `select t::text from `+table+` t`)) {
			text.WriteString(row + "\n")
		}
	}
	return text.String()
}

// refuse has nothing be written into a table.
func (f *fixture) refuse(table string) {
	f.Helper()
	if f.isPostgres() {
		f.script("alter table " + table + " add constraint refused check (false) not valid")
	} else {
		f.script("create trigger refused before insert on " + table +
			" begin select raise(abort, 'refused'); end")
	}
}
