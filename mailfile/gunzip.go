package mailfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// What is packed with gzip may unpack to a thousand times its size, into memory and onto disk.
const (
	unpackedInMemory = 64 << 10 // octets: more are in a file, as the store has it
	unpackedFreely   = 64 << 20 // octets that any file may unpack to
	mostUnpacked     = 1 << 30  // octets that a file may unpack to
	mostTimes        = 200      // its size: text comes to 3 to 20 times, a log of one line to 50
)

// gzipMark begins a file that is packed with gzip (RFC 1952, section 2.3.1).
const gzipMark = "\x1f\x8b"

// A source is the octets of a file, unpacked if it is packed.
type source struct {
	io.ReaderAt
	size int64
	file *os.File // to be closed
}

// openMail opens a file for reading here and there in it.
func openMail(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	mark := make([]byte, len(gzipMark))
	if err == nil {
		_, err = f.ReadAt(mark, 0)
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, errors.Join(err, f.Close())
	case string(mark) != gzipMark:
		return &source{f, info.Size(), f}, nil
	}
	s, err := unpack(f, info.Size())
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("unpack gzip: %w", err)
	}
	return s, nil
}

func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// unpack unpacks size octets: into memory if it is little, else into a file that has no name
// any more, so that nothing of it is left however we end.
func unpack(packed io.Reader, size int64) (*source, error) {
	z, err := gzip.NewReader(bufio.NewReader(packed))
	if err != nil {
		return nil, err
	}
	in := &bounded{r: z, packed: size}
	var little bytes.Buffer
	n, err := io.CopyN(&little, in, unpackedInMemory)
	if errors.Is(err, io.EOF) {
		return &source{bytes.NewReader(little.Bytes()), n, nil}, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "gatepost-")
	if err != nil {
		return nil, err
	}
	if err = os.Remove(f.Name()); err == nil {
		n, err = io.Copy(f, io.MultiReader(&little, in))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &source{f, n, f}, nil
}

// A bounded reader ends with an error where what is unpacked is more than a mailbox comes to.
type bounded struct {
	r         io.Reader
	packed, n int64 // octets
}

func (b *bounded) Read(p []byte) (n int, err error) {
	n, err = b.r.Read(p)
	switch b.n += int64(n); {
	case b.n > mostUnpacked:
		return 0, fmt.Errorf("it comes to more than %dGiB: unpack it with gunzip", mostUnpacked>>30)
	case b.n > unpackedFreely && b.n/mostTimes > b.packed:
		return 0, fmt.Errorf("it comes to more than %d times its size, as mail does not: "+
			"look at what it holds with gunzip", mostTimes)
	}
	return n, err
}

// unpackedStart is what a file begins with once it is unpacked, of which packed is the start.
// More of it need not be read.
func unpackedStart(packed io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	var start bytes.Buffer
	if _, err := io.CopyN(&start, z, formatStart); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return start.Bytes(), nil
}
