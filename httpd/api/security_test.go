package api

import (
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
)

// TestLockout: an admin is not shut out by their own change, unless they insist.
func TestLockout(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	body := `{"security_settings":{"ip":{"ip_restriction_enabled":true,"ip_ranges":"203.0.113.0/24"}}`
	o := st.Object(do("PUT", "/api/v2/security_settings", body+`}`), 422)
	text, _ := httpdtest.At(o, "details", "ip_ranges", 0, "description").(string)
	if !strings.Contains(text, inside) {
		t.Errorf("answer %v", o)
	}
	if a, err := st.DB.Access(t.Context()); err != nil || a.Enabled {
		t.Fatal("it was changed", err)
	}
	o = st.Object(do("PUT", "/api/v2/security_settings", body+`,"force":true}`), 200)
	if httpdtest.At(o, "security_settings", "ip", "ip_ranges") != "203.0.113.0/24" {
		t.Errorf("answer %v", o)
	}
	st.Object(do("GET", "/api/v2/security_settings", ""), 403)
}

func TestSecuritySettings(t *testing.T) {
	st := testServer(t)
	secret, _ := st.Token("agent@acme.test")
	st.Token("agent@acme.test") // never used, and so from nowhere
	me := call{Method: "GET", Path: "/api/v2/users/me", Token: secret, Client: outside}
	st.Object(st.Do(me), 200)
	do := st.As("admin@acme.test")
	put := func(ip string, status int) map[string]any {
		t.Helper()
		return st.Object(do("PUT", "/api/v2/security_settings",
			`{"security_settings":{"ip":`+ip+`}}`), status)
	}
	put(`{"ip_restriction_enabled":true}`, 422) // without a range
	o := put(`{"ip_ranges":"192.0.2.77/25 0.0.0.0/0"}`, 422)
	if len(httpdtest.At(o, "details", "ip_ranges").([]any)) != 2 {
		t.Errorf("problems %v", o)
	}
	o = put(`{"ip_restriction_enabled":true,"ip_ranges":"192.0.2.0/24",
		"enable_agent_ip_restrictions":true}`, 200)
	st.Wants(o, "agent@acme.test", "shut_out_tokens", 0, "owner")
	st.Has(o, 1, "shut_out_tokens")
	o = put(`{"ip_ranges":"192.0.2.0/25"}`, 200) // the rest stays
	ip := httpdtest.At(o, "security_settings", "ip").(map[string]any)
	if ip["ip_restriction_enabled"] != true || ip["enable_agent_ip_restrictions"] != true {
		t.Errorf("settings %v", ip)
	}
	st.Object(st.Do(me), 403)
	st.Wants(o, 2.0, "security_settings", "generation")
	do = st.As("admin@acme.test")
	at := func(generation string, status int) map[string]any {
		t.Helper()
		return st.Object(do("PUT", "/api/v2/security_settings", `{"security_settings":{"generation":`+
			generation+`,"ip":{"ip_ranges":"192.0.2.0/26"}}}`), status)
	}
	st.Wants(at("1", 409), "Conflict", "error")
	st.Wants(at("2", 200), 3.0, "security_settings", "generation")
	st.Wants(at("1", 200), 3.0, "security_settings", "generation") // it stands already
}
