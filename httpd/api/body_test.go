package api

import (
	"strings"
	"testing"

	"gatepost/policy"
)

// TestMisspelt: what is ours alone is not passed over, or a script would believe that it has
// locked the door.
func TestMisspelt(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	for _, c := range []struct{ path, body, says string }{
		{"rules", `{"rules":{"blocklist":"a.test"},"generation":0}`, "generation"},
		{"rules", `{"rules":{"blocklist":"a.test","generaton":0}}`, "generaton"},
		{"rules", `{"rules":{"blocklist":"a.test","generation":"0"}}`, "generation is not to be of the kind string"},
		{"security_settings", `{"security_settings":{"enabled":true}}`, "enabled"},
		{"security_settings", `{"security_settings":{"ip":{"ranges":"192.0.2.0/24"}}}`, "ranges"},
		{"security_settings", `{"security_settings":{}}`, "name what to change"},
	} {
		w := do("PUT", "/api/v2/"+c.path, c.body)
		if w.Code != 422 || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
		}
	}
	if list := st.List(policy.Block); list != "" {
		t.Errorf("the blocklist is %q", list)
	}
}
