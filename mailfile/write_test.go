package mailfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWriteMbox(t *testing.T) {
	const raw = "From: ann@acme.test\r\n\r\nFrom here\r\n>From there\r\n>>From\r\n From\r\nlast"
	const want = "From ann@acme.test Thu Jan  2 03:04:05 2020\n" +
		"From: ann@acme.test\n\n>From here\n>>From there\n>>From\n From\nlast\n\n"
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	var out strings.Builder
	err := WriteMbox(&out, "ann@acme.test", at, strings.NewReader(raw))
	if err != nil || out.String() != want {
		t.Errorf("got %q, %v\nwant %q", out.String(), err, want)
	}
}

func TestWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "7.eml")
	const raw = "Subject: x\r\n\r\n\xff\x00"
	for _, wantNew := range []bool{true, false} {
		isNew, err := WriteFile(name, strings.NewReader(raw))
		if err != nil || isNew != wantNew {
			t.Fatalf("WriteFile: new %t, %v; want %t", isNew, err, wantNew)
		}
	}
	if _, err := WriteFile(name, strings.NewReader(strings.ToUpper(raw))); err == nil {
		t.Error("another file of that name was taken for the message")
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != raw {
		t.Errorf("the file holds %q, %v; want %q", got, err, raw)
	}
}
