package mailfile

import "io"

// Limit reads up to n octets of r. If there are more it is the error over.
func Limit(r io.Reader, n int64, over error) io.Reader { return &limited{r, n, over} }

// A limited reader ends with over once there is more than left.
type limited struct {
	r    io.Reader
	left int64
	over error
}

func (l *limited) Read(b []byte) (n int, err error) {
	n, err = l.r.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return 0, l.over
	}
	return n, err
}

// WireEnds gives the line ends of Unix those of the wire, as message.CRLF does.
func WireEnds(r io.ByteReader) io.Reader { return &wireEnds{r: r} }

// A wireEnds reader gives the line ends of Unix those of the wire, as message.CRLF does.
type wireEnds struct {
	r    io.ByteReader
	last byte
	owes bool // the LF behind a CR that was put in
}

func (w *wireEnds) Read(b []byte) (n int, err error) {
	for ; n < len(b); n++ {
		c := byte('\n')
		if !w.owes {
			if c, err = w.r.ReadByte(); err != nil {
				return n, err
			}
		}
		if w.owes = c == '\n' && w.last != '\r'; w.owes {
			c = '\r'
		}
		b[n], w.last = c, c
	}
	return n, nil
}
