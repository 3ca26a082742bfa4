package courier

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// request is what is posted for a message.
func (c HTTPConfig) request(p *Parcel) (r request, err error) {
	r.header = http.Header{}
	for _, h := range c.Headers {
		r.header.Add(h.Name, h.Value)
	}
	switch {
	case c.Bearer != "":
		r.header.Set("Authorization", "Bearer "+c.Bearer)
	case c.Username+c.Password != "":
		r.header.Set("Authorization", "Basic "+c.basic())
	}
	if httpguts.ValidHeaderFieldValue(p.Key) && p.Key != "" {
		// A desk that knows it takes a message once, however often it comes.
		r.header.Set("Idempotency-Key", p.Key)
	}
	switch c.Body {
	case BodyMultipart:
		err = c.multipart(p, &r)
	case BodyURLEncoded:
		err = c.urlencoded(p, &r)
	default:
		r.header.Set("Content-Type", "message/rfc822")
		r.open = func() (io.ReadCloser, error) { return c.Wrapping.Open(p) }
		r.size, err = c.Wrapping.Size(p)
		r.shown = []string{"", fmt.Sprintf("(the message, %d octets)", r.size)}
	}
	return r, err
}

// multipart makes a form in which the message stands as it is, last.
func (c HTTPConfig) multipart(p *Parcel, r *request) error {
	var before, after bytes.Buffer
	w := multipart.NewWriter(&before) // its boundary is random
	for _, f := range c.Fields {
		if err := w.WriteField(f.Name, f.Value); err != nil {
			return fmt.Errorf("form: %w", err)
		}
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"`, partName(c.Field)))
	if c.FieldType != "" {
		header.Set("Content-Type", c.FieldType)
	}
	if _, err := w.CreatePart(header); err != nil {
		return fmt.Errorf("form: %w", err)
	}
	fmt.Fprintf(&after, "\r\n--%s--\r\n", w.Boundary())
	size, err := c.Wrapping.Size(p)
	if err != nil {
		return err
	}
	if c.FieldBase64 {
		size = int64(base64.StdEncoding.EncodedLen(int(size)))
	}
	r.header.Set("Content-Type", w.FormDataContentType())
	r.size = int64(before.Len()) + size + int64(after.Len())
	r.open = func() (io.ReadCloser, error) {
		message, err := c.field(p)
		if err != nil {
			return nil, err
		}
		return readCloser{io.MultiReader(&before, message, &after), message}, nil
	}
	c.show(r, size)
	return nil
}

// partName is a name as browsers write it into multipart/form-data.
func partName(name string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(name)
}

// urlencoded makes a form in which the message is escaped. How long it gets is known only when
// it was read.
func (c HTTPConfig) urlencoded(p *Parcel, r *request) (err error) {
	var before strings.Builder
	for _, f := range c.Fields {
		before.WriteString(url.QueryEscape(f.Name) + "=" + url.QueryEscape(f.Value) + "&")
	}
	before.WriteString(url.QueryEscape(c.Field) + "=")
	r.header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.open = func() (io.ReadCloser, error) {
		message, err := c.field(p)
		if err != nil {
			return nil, err
		}
		value := &encoder{in: message, encode: escaped}
		return readCloser{io.MultiReader(strings.NewReader(before.String()), value), message}, nil
	}
	r.size, err = measured(r.open)
	c.show(r, r.size-int64(before.Len()))
	return err
}

// show lists the fields of a form for the dialogue.
func (c HTTPConfig) show(r *request, size int64) {
	r.shown = []string{""}
	for _, f := range c.Fields {
		if f.Secret {
			f.Value = hidden
		}
		r.shown = append(r.shown, f.Name+"="+f.Value)
	}
	r.shown = append(r.shown, fmt.Sprintf("%s=(the message, %d octets)", c.Field, size))
}

// field reads the message as it stands in its field, before it is escaped.
func (c HTTPConfig) field(p *Parcel) (io.ReadCloser, error) {
	message, err := c.Wrapping.Open(p)
	if err != nil || !c.FieldBase64 {
		return message, err
	}
	return readCloser{&encoder{in: message, encode: inBase64}, message}, nil
}

// An encoder reads octets a piece at a time and writes each piece otherwise.
type encoder struct {
	in     io.Reader
	encode func(piece []byte) []byte
	left   []byte
	err    error // that came behind it
}

// pieceSize is a multiple of 3, for base64 without padding in the middle.
const pieceSize = 24 << 10

func (e *encoder) Read(b []byte) (int, error) {
	if len(e.left) == 0 && e.err == nil {
		e.piece()
	}
	if len(e.left) == 0 {
		return 0, e.err
	}
	n := copy(b, e.left)
	e.left = e.left[n:]
	return n, nil
}

// piece reads a whole one: less only at the end, and none if it cannot be read whole.
func (e *encoder) piece() {
	piece := make([]byte, pieceSize)
	n := 0
	for n < len(piece) && e.err == nil {
		var m int
		m, e.err = e.in.Read(piece[n:])
		n += m
	}
	if e.err == nil || errors.Is(e.err, io.EOF) {
		e.left = e.encode(piece[:n])
	}
}

// escaped are octets as a form has them.
func escaped(piece []byte) []byte { return []byte(url.QueryEscape(string(piece))) }

// inBase64 are octets as base64, in one line.
func inBase64(piece []byte) []byte { return base64.StdEncoding.AppendEncode(nil, piece) }
