package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
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

	logHeader   = 32
	frameHeader = 24
	frameSalt   = 8
)

// frameChunk is how many frames are read at once, 2 MiB at SQLite's page of 4 KiB.
const frameChunk = 512

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

// frames reads those behind the first from up to to, a chunk at a time: after errMoved none of
// the chunk was given.
func (l *logFile) frames(x logIndex, from, to uint32, do func([]frame) error) error {
	size := frameHeader + l.pageSize
	if need := frameChunk * size; int64(len(l.chunk)) < need {
		l.chunk = make([]byte, need)
	}
	for from < to {
		n := min(frameChunk, to-from)
		read := l.chunk[:int64(n)*size]
		if _, err := l.log.ReadAt(read, logHeader+int64(from)*size); err != nil {
			return err
		}
		// Whoever begins the log anew says so in the index first.
		if now, err := readLogIndex(l.index); err != nil || now.salt != x.salt {
			return errors.Join(errMoved, err)
		}
		all := make([]frame, n)
		for i := range all {
			b := read[int64(i)*size : int64(i+1)*size]
			if !bytes.Equal(b[frameSalt:frameSalt+len(x.salt)], x.salt[:]) {
				return errMoved
			}
			all[i] = frame{page: binary.BigEndian.Uint32(b), size: binary.BigEndian.Uint32(b[4:]),
				data: b[frameHeader:]}
		}
		if err := do(all); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// transactions counts those up to a frame.
func (l *logFile) transactions(x logIndex, to uint32) (n uint32, err error) {
	return n, l.frames(x, 0, to, func(all []frame) error {
		for _, f := range all {
			if f.size > 0 {
				n++
			}
		}
		return nil
	})
}
