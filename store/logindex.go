package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"time"
)

// Where things stand in the index of a write-ahead log, and in the log
// (https://sqlite.org/walformat.html, sections 2.1 and 4).
const (
	indexHeader  = 48 // octets, twice
	indexChange  = 8
	indexFrames  = 16
	indexPages   = 20
	indexSalt    = 32
	indexWritten = 96
	indexBlock   = 32 << 10 // octets
	blockFrames  = 4096     // whose pages a block has, first of all
	indexTaken   = 34       // of the first block, by what stands above

	logHeader   = 32
	frameHeader = 24
	frameSalt   = 8
)

// frameChunk is how many frames are read at once, 264 KiB at SQLite's page of 4 KiB: what was
// read is still in the processor's cache when it is written.
const frameChunk = 64

// errMoved says that the log was begun anew while it was read, or its index is being written.
var errMoved = errors.New("the write-ahead log has changed meanwhile")

// A logIndex is what the index of the write-ahead log says of it.
type logIndex struct {
	salt    [8]byte // another each time that the log is begun anew
	frames  uint32  // of transactions that were committed
	changes uint32  // transactions, counted through all logs
	pages   uint32  // of the database after the last of them
	written uint32  // frames that a checkpoint has brought into the database
}

// whole reports whether all of the log is in the database: the next to write begins it anew.
func (x logIndex) whole() bool { return x.written == x.frames }

// readLogIndex waits a moment for whoever is writing it.
func readLogIndex(f *os.File) (x logIndex, err error) {
	for range 20 {
		if x, err = tryLogIndex(f); !errors.Is(err, errMoved) {
			break
		}
		time.Sleep(100 * time.Microsecond)
	}
	return x, err
}

func tryLogIndex(f *os.File) (x logIndex, err error) {
	var b [indexWritten + 4]byte
	if _, err := f.ReadAt(b[:], 0); err != nil {
		return x, err
	}
	if !bytes.Equal(b[:indexHeader], b[indexHeader:2*indexHeader]) {
		return x, errMoved
	}
	number := func(at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
	x = logIndex{frames: number(indexFrames), changes: number(indexChange),
		pages: number(indexPages), written: number(indexWritten)}
	copy(x.salt[:], b[indexSalt:])
	return x, nil
}

// A frame is a page as a transaction left it.
type frame struct {
	page uint32 // the first is 1
	size uint32 // pages of the database after its transaction; 0 if it is not the last of that
	data []byte
}

// logFile reads the frames of an open log.
type logFile struct {
	log, index *os.File
	pageSize   int64  // octets
	chunk      []byte // to read into
}

// frames reads those that are named, a chunk at a time: after errMoved none of the chunk was
// given.
func (l *logFile) frames(x logIndex, which []uint32, do func([]frame) error) error {
	size := frameHeader + l.pageSize
	if l.chunk == nil {
		l.chunk = make([]byte, frameChunk*size)
	}
	for chunk := range slices.Chunk(which, frameChunk) {
		if err := l.readChunk(chunk, size); err != nil {
			return err
		}
		// Whoever begins the log anew says so in the index first.
		if now, err := readLogIndex(l.index); err != nil || now.salt != x.salt {
			return errors.Join(errMoved, err)
		}
		all := make([]frame, len(chunk))
		for i := range all {
			b := l.chunk[int64(i)*size : int64(i+1)*size]
			if !bytes.Equal(b[frameSalt:frameSalt+len(x.salt)], x.salt[:]) {
				return errMoved
			}
			all[i] = frame{page: binary.BigEndian.Uint32(b), size: binary.BigEndian.Uint32(b[4:]),
				data: b[frameHeader:]}
		}
		if err := do(all); err != nil {
			return err
		}
	}
	return nil
}

// readChunk reads frames, those that follow one another at once.
func (l *logFile) readChunk(chunk []uint32, size int64) error {
	for i := 0; i < len(chunk); {
		n := 1
		for i+n < len(chunk) && chunk[i+n] == chunk[i]+uint32(n) {
			n++
		}
		read := l.chunk[int64(i)*size : int64(i+n)*size]
		if _, err := l.log.ReadAt(read, logHeader+int64(chunk[i])*size); err != nil {
			return err
		}
		i += n
	}
	return nil
}

// allFrames names the first frames.
func allFrames(n uint32) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

// newest names the last frame of each page among those behind the first from up to to, in the
// order of the pages.
func (l *logFile) newest(from, to uint32) (which []uint32, err error) {
	pages, err := l.pages(from, to)
	if err != nil {
		return nil, err
	}
	type version struct{ page, frame uint32 }
	all := make([]version, len(pages))
	for i, page := range pages {
		all[i] = version{page, from + uint32(i)}
	}
	slices.SortFunc(all, func(a, b version) int {
		return cmp.Or(cmp.Compare(a.page, b.page), cmp.Compare(a.frame, b.frame))
	})
	for i, v := range all {
		if i+1 == len(all) || all[i+1].page != v.page {
			which = append(which, v.frame)
		}
	}
	return which, nil
}

// pages has the page of each frame behind the first from up to to, as the index has them.
func (l *logFile) pages(from, to uint32) (all []uint32, err error) {
	block := make([]byte, 4*blockFrames)
	for at := from + indexTaken; at < to+indexTaken; {
		n := min(blockFrames-at%blockFrames, to+indexTaken-at)
		pages := block[:4*n]
		offset := int64(at/blockFrames)*indexBlock + int64(at%blockFrames)*4
		if _, err := l.index.ReadAt(pages, offset); err != nil {
			return nil, err
		}
		for i := range n {
			all = append(all, binary.NativeEndian.Uint32(pages[4*i:]))
		}
		at += n
	}
	return all, nil
}

// transactions counts those up to a frame.
func (l *logFile) transactions(x logIndex, to uint32) (n uint32, err error) {
	return n, l.frames(x, allFrames(to), func(all []frame) error {
		for _, f := range all {
			if f.size > 0 {
				n++
			}
		}
		return nil
	})
}
