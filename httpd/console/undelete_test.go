package console

import (
	"fmt"
	"testing"
	"time"
)

// The page after deleting offers to restore; where nothing can be restored it does not.
func TestUndeleteInTheConsole(t *testing.T) {
	st := testServer(t)
	b := st.Browser("agent@acme.test")
	first, second := fmt.Sprint(st.Hold("One")), fmt.Sprint(st.Hold("Two"))
	b.Silent(b.Follow("/suspended", "do", "delete", "id", first), "Restore")
	st.DB.KeepDeleted(24 * time.Hour)
	b.Says(b.Follow("/suspended", "do", "delete", "id", second), "Deleted 1 message.", "Restore",
		`name="id" value="`+second+`"`)
	b.Says(b.Follow("/suspended/undelete", "id", second, "back", "/suspended"),
		"Restored 1 message.", "Two")
	b.Says(b.Follow("/suspended/undelete", "id", second, "back", "/suspended"),
		"Nothing was restored")
}
