package courier

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// A target that nobody answers at is down: it rests, and no message counts a try against itself.
func TestPostToNobody(t *testing.T) {
	dialer, err := NewDialer(DialConfig{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHTTP(HTTPConfig{URL: "http://" + unused(t) + "/take?token=geheim", Dialer: dialer})
	if err != nil {
		t.Fatal(err)
	}
	var dialogue bytes.Buffer
	r := h.Carry(t.Context(), parcel(hello), &dialogue)
	if r.Outcome != Retry || !r.Down || r.Pause || !strings.Contains(r.Said, "refused") {
		t.Errorf("%+v", r)
	}
	if strings.Contains(dialogue.String(), "geheim") ||
		!strings.Contains(dialogue.String(), "POST /take?(secret) HTTP/1.1") {
		t.Errorf("%s", dialogue.String())
	}
}

// Reply-To is taken off by SMTP, too.
func TestSMTPWithoutReplyTo(t *testing.T) {
	const field = "Reply-To: eve@else.test\r\n"
	for _, without := range []bool{false, true} {
		s := newSink(t, &sink{})
		carrier := newSMTP(t, SMTPConfig{Address: s.address(), WithoutReplyTo: without})
		p := parcel(field+hello, func(p *Parcel) {
			p.Email, p.ReplyTo = "ann@mail.test", []string{"eve@else.test"}
		})
		if r := carrier.Carry(t.Context(), p, nil); r.Outcome != Done {
			t.Errorf("%+v", r)
		}
		got := fmt.Sprint(s.received())
		if strings.Contains(got, field) == without || !strings.Contains(got, hello) {
			t.Errorf("without %v: %q", without, got)
		}
	}
}
