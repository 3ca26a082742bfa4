package mailfile

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// writeGzip packs pieces into a file, n times over.
func writeGzip(t *testing.T, path string, n int, piece []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	for range n {
		if _, err := z.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// isEmpty fails the test if anything is in a folder.
func isEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder for temporary files: %v, %v", left, err)
	}
}

// What is packed is read as if it were not, of any size, and leaves nothing behind.
func TestGunzip(t *testing.T) {
	tmp, path := t.TempDir(), filepath.Join(t.TempDir(), "a.gz")
	t.Setenv("TMPDIR", tmp)
	line := []byte("It has not come, and it was to come on Monday.\r\n")
	for _, n := range []int{0, 1, unpackedInMemory / len(line), unpackedInMemory/len(line) + 1, 100_000} {
		writeGzip(t, path, n, line)
		s, err := openMail(path)
		if err != nil {
			t.Fatal(err)
		}
		isEmpty(t, tmp)
		got, err := io.ReadAll(io.NewSectionReader(s, 0, s.size))
		if err != nil || !bytes.Equal(got, bytes.Repeat(line, n)) {
			t.Errorf("%d lines: %d octets, %v", n, len(got), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What unpacks to more than mail does is an error that says so, and takes little memory.
func TestGunzipBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	tmp, path := t.TempDir(), filepath.Join(t.TempDir(), "a.mbox.gz")
	t.Setenv("TMPDIR", tmp)
	writeGzip(t, path, 65, make([]byte, 1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := openMail(path)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "more than 200 times its size") {
		t.Errorf("%v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d octets of memory", took)
	}
	isEmpty(t, tmp)
	b := bounded{r: strings.NewReader("x"), packed: 1 << 30, n: mostUnpacked}
	if _, err := b.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "more than 1GiB") {
		t.Errorf("%v", err)
	}
}

// What is packed and cut off, damaged or followed by something else is an error.
func TestGunzipDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mbox.gz")
	writeGzip(t, path, 100, []byte(dated("{a}\nFrom: a@x.test\n\nc\n\n")))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"followed": append(whole[:len(whole):len(whole)], "x"...)}
	for n := range len(whole) - len(gzipMark) {
		bad["cut"] = whole[:len(gzipMark)+n]
		bad["changed"] = bytes.Clone(whole)
		bad["changed"][len(whole)-8] ^= 1 // the sum (RFC 1952, section 2.3.1)
		for why, b := range bad {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := openMail(path); err == nil || !strings.Contains(err.Error(), "gzip") {
				t.Errorf("%s, %d octets: %v, %v", why, len(b), s, err)
			}
		}
	}
}
