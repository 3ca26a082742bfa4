package console

import (
	"strings"
	"testing"

	"gatepost/httpd"
)

// TestScriptSaysWhatIsByItself: the script sends the header that is looked for.
func TestScriptSaysWhatIsByItself(t *testing.T) {
	script, err := assets.ReadFile("static/console.js")
	if err != nil || !strings.Contains(string(script), `"`+httpd.RefreshHeader+`"`) {
		t.Errorf("console.js does not send %s, %v", httpd.RefreshHeader, err)
	}
}
