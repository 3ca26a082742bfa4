package message

import "io"

// A padded reader puts behind base64 the padding that some mailers leave out (RFC 4648, section
// 3.2), without which the library takes its last octets for cut off.
type padded struct {
	r       io.Reader
	digits  int // of four
	ended   bool
	padding string
}

func (p *padded) Read(b []byte) (int, error) {
	if p.ended {
		if p.padding == "" {
			return 0, io.EOF
		}
		n := copy(b, p.padding)
		p.padding = p.padding[n:]
		return n, nil
	}
	n, err := p.r.Read(b)
	for _, c := range b[:n] {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9',
			c == '+', c == '/', c == '=':
			p.digits = (p.digits + 1) % 4
		}
	}
	if err == io.EOF {
		p.ended = true
		if p.digits > 1 {
			p.padding = "=="[:4-p.digits]
		}
		return n, nil
	}
	return n, err
}
