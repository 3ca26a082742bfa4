package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"gatepost/message"
)

// inline is the most octets of a content that is kept in the database; a larger one is a
// file beside it. Blobs and files were measured to cross near 100 KB.
const inline = 64 << 10

// spooling marks files of contents that nothing has committed yet.
const spooling = "spool-"

// Most contents fit into a small buffer. A large one has room for one octet more than is
// kept in the database, which shows that a content is larger.
type (
	smallBuffer [8 << 10]byte
	largeBuffer [inline + 1]byte
)

var (
	smallBuffers = sync.Pool{New: func() any { return new(smallBuffer) }}
	largeBuffers = sync.Pool{New: func() any { return new(largeBuffer) }}
)

// A Content is the bytes of one message as they were received, in memory up to 64 KiB and
// in a file above. Close gives them up, unless a commit has taken the file.
type Content struct {
	Size int64
	Sum  [sha256.Size]byte

	small *smallBuffer
	large *largeBuffer // in the place of small, once that was full
	file  *os.File
	kept  bool // the file belongs to the store now
}

// Spool reads r to its end. Its errors are those of r, as they are, and those of the disk.
func Spool(dir string, r io.Reader) (*Content, error) {
	c := &Content{small: smallBuffers.Get().(*smallBuffer)}
	if err := c.fill(dir, r); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Content) fill(dir string, r io.Reader) error {
	n, err := readFull(r, c.small[:])
	if err == nil {
		n, err = c.grow(r)
	}
	sum := sha256.New()
	for ; err == nil; n, err = readFull(r, c.large[:]) {
		sum.Write(c.large[:n])
		if err := c.spill(dir, c.large[:n]); err != nil {
			return err
		}
	}
	if err != io.EOF {
		return err
	}
	sum.Write(c.buf()[:n])
	sum.Sum(c.Sum[:0])
	if c.file != nil {
		return c.spill(dir, c.large[:n])
	}
	c.Size = int64(n)
	return nil
}

// grow goes on reading into a large buffer, behind what the small one holds.
func (c *Content) grow(r io.Reader) (n int, err error) {
	c.large = largeBuffers.Get().(*largeBuffer)
	n = copy(c.large[:], c.small[:])
	smallBuffers.Put(c.small)
	c.small = nil
	more, err := readFull(r, c.large[n:])
	return n + more, err
}

func (c *Content) buf() []byte {
	if c.large != nil {
		return c.large[:]
	}
	return c.small[:]
}

// readFull fills buf. Unlike io.ReadFull it tells the end of r (io.EOF, after n octets)
// from a connection that was lost.
func readFull(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

func (c *Content) spill(dir string, b []byte) (err error) {
	if c.file == nil {
		if c.file, err = os.CreateTemp(dir, spooling); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		if err = giveTo(c.file.Name(), dir); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		// The lock tells a sweep that this spool is alive. It ends with the process.
		if err = lockFile(c.file); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
	}
	n, err := c.file.Write(b)
	c.Size += int64(n)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// Reader reads the content from its start. Each call gives a reader of its own.
func (c *Content) Reader() *io.SectionReader { return c.From(0) }

// From reads what follows the first n octets, as Reader does.
func (c *Content) From(n int) *io.SectionReader {
	start := min(int64(n), c.Size)
	if c.file != nil {
		return io.NewSectionReader(c.file, start, c.Size-start)
	}
	return io.NewSectionReader(bytes.NewReader(c.buf()[:c.Size]), start, c.Size-start)
}

// Head is the start of the content, up to and beyond the end of its header section: at
// most message.MaxHeader and a little. It is valid until Close.
func (c *Content) Head() ([]byte, error) {
	if c.file == nil {
		return c.buf()[:c.Size], nil
	}
	head := c.large[:]
	for {
		n, err := c.file.ReadAt(head, 0)
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("spool: %w", err)
		}
		if n < len(head) || n > message.MaxHeader || bytes.Contains(head, []byte("\r\n\r\n")) {
			return head[:n], nil
		}
		head = make([]byte, min(2*len(head), message.MaxHeader+inline))
	}
}

// keep puts a content that is a file on disk under its name.
func (c *Content) keep(dir, name string) error {
	if c.file == nil || c.kept {
		return nil
	}
	if err := c.file.Sync(); err != nil {
		return fmt.Errorf("sync content: %w", err)
	}
	if err := os.Rename(c.file.Name(), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("keep content: %w", err)
	}
	c.kept = true
	return nil
}

// giveBack undoes keep: the file is the caller's again, who may keep it once more.
func (c *Content) giveBack(dir, name string) error {
	if err := os.Rename(filepath.Join(dir, name), c.file.Name()); err != nil {
		return fmt.Errorf("give content back: %w", err)
	}
	c.kept = false
	return nil
}

// raw is what the database row holds: nil when the content is a file.
func (c *Content) raw() []byte {
	if c.file != nil {
		return nil
	}
	return c.buf()[:c.Size]
}

// Close frees the memory and removes a file that no commit has taken.
func (c *Content) Close() error {
	if c.small != nil {
		smallBuffers.Put(c.small)
	}
	if c.large != nil {
		largeBuffers.Put(c.large)
	}
	c.small, c.large = nil, nil
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	if !c.kept {
		err = errors.Join(err, os.Remove(c.file.Name()))
	}
	c.file = nil
	return err
}
