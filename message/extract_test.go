package message

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// letterWithAll has text and HTML twice, an attachment in base64, and one that is HTML.
const letterWithAll = "Content-Type: multipart/mixed; boundary=m\r\n\r\n" +
	"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain\r\n\r\nHello\r\n" +
	"--a\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Gr\xfc\xdfe</p>\r\n--a--\r\n" +
	"--m\r\nContent-Type: image/png; name=a.png\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n" +
	"--m\r\nContent-Type: text/html; name=page.html\r\n\r\n<script>1</script>\r\n" +
	"--m\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"<b>two=3D2</b>\r\n--m--\r\n"

func bodyOf(raw string) (*Message, func() *strings.Reader) {
	m := Parse([]byte(raw))
	return m, func() *strings.Reader { return strings.NewReader(raw[m.Size:]) }
}

func TestPages(t *testing.T) {
	m, body := bodyOf(letterWithAll)
	pages, cut := m.Pages(body(), 1000)
	if want := []string{"<p>Grüße</p>", "<b>two=2</b>"}; !slices.Equal(pages, want) || cut {
		t.Errorf("pages %q, cut %v, want %q", pages, cut, want)
	}
	if pages, cut = m.Pages(body(), 5); !slices.Equal(pages, []string{"<p>Gr"}) || !cut {
		t.Errorf("of 5 octets: pages %q, cut %v", pages, cut)
	}
	m, body = bodyOf("Subject: x\r\n\r\nplain <b>text</b>")
	if pages, cut = m.Pages(body(), 1000); pages != nil || cut {
		t.Errorf("pages %q in plain text", pages)
	}
}

// A page that is longer than what is asked for is cut, and said to be.
func TestPagesOfMuch(t *testing.T) {
	const most = 100 << 10
	m, body := bodyOf("Content-Type: text/html\r\n\r\n" + strings.Repeat("<p>lamp ", most))
	pages, cut := m.Pages(body(), most)
	if len(pages) != 1 || len(pages[0]) != most || !cut {
		t.Errorf("%d pages, cut %v", len(pages), cut)
	}
}

func TestExtract(t *testing.T) {
	m, body := bodyOf(letterWithAll)
	_, files := m.Text(body(), 1000)
	for n, want := range []string{"\x89PNG", "<script>1</script>"} {
		var b bytes.Buffer
		if err := m.Extract(body(), n, &b); err != nil || b.String() != want {
			t.Errorf("%s is %q, %v", files[n].Name, b.String(), err)
		}
	}
	for _, n := range []int{-1, 2, 1000} {
		var b bytes.Buffer
		if err := m.Extract(body(), n, &b); !errors.Is(err, ErrNoPart) || b.Len() > 0 {
			t.Errorf("attachment %d: %q, %v", n, b.String(), err)
		}
	}
}

// TestExtractOfWhatIsBroken: an attachment whose end is missing, or cannot be decoded, is given
// as far as it goes; the error is that of whoever takes it.
func TestExtractOfWhatIsBroken(t *testing.T) {
	const part = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: image/png\r\n"
	for name, raw := range map[string]string{
		"cut":    part + "\r\nPNG",
		"base64": part + "Content-Transfer-Encoding: base64\r\n\r\nUE5H!!!!\r\n--b--\r\n",
	} {
		m, body := bodyOf(raw)
		var b bytes.Buffer
		if err := m.Extract(body(), 0, &b); err != nil || b.String() != "PNG" {
			t.Errorf("%s: %q, %v", name, b.String(), err)
		}
		if err := m.Extract(body(), 0, fullWriter{}); !errors.Is(err, errFull) {
			t.Errorf("%s into what is full: %v", name, err)
		}
	}
}

var errFull = errors.New("full")

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errFull }
