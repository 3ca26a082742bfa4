package httpd

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"gatepost/message"
)

// WriteAttachment gives an attachment, counted from 0, to be saved.
func (l *StoredMessage) WriteAttachment(w http.ResponseWriter, n int) error {
	_, files := l.Message.Text(l.Body(), 0)
	if n < 0 || n >= len(files) {
		return ErrNotFound
	}
	Download(w, SafeName(files[n].Name, n))
	return l.Message.Extract(l.Body(), n, w)
}

// Download makes an answer a file to be saved: no browser shows it or guesses what it is.
func Download(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition",
		mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
}

// SafeName is a name under which a browser may save an attachment: without folders, without
// what cannot be seen, without what a system reads as something else than a name.
func SafeName(name string, n int) string {
	name = strings.Map(func(r rune) rune {
		if message.Invisible(r) && r != '\u200d' || strings.ContainsRune(`/\<>:"|?*%;`, r) {
			return '_'
		}
		return r
	}, message.Clean(name))
	name = strings.Trim(strings.TrimLeft(name, ". "), " ")
	name = strings.TrimRight(Shorten(name, MaxName), ". ")
	if strings.Trim(name, "_.") == "" {
		return "attachment-" + strconv.Itoa(n+1)
	}
	if stem, _, _ := strings.Cut(name, "."); isDevice(stem) {
		return "_" + name
	}
	return name
}

// MaxName is the longest name of a file that is offered, in octets: systems take 255, and
// browsers add to it.
const MaxName = 180

// Shorten cuts the middle out of a name, since its end says what it is.
func Shorten(name string, most int) string {
	if len(name) <= most {
		return name
	}
	tail := name[max(strings.LastIndexByte(name, '.'), 0):]
	if len(tail) > 20 {
		tail = ""
	}
	return strings.ToValidUTF8(name[:most-len(tail)], "") + tail
}

// isDevice knows the names that are devices on Windows, in any letter case.
func isDevice(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	port := strings.TrimPrefix(strings.TrimPrefix(stem, "COM"), "LPT")
	return len(stem) == 4 && len(port) == 1 && port[0] >= '0' && port[0] <= '9'
}
