package trial

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"maps"
	"slices"

	"gatepost/policy"
)

// A Diff is what would become of other messages. It may be of a million: what it keeps of one is
// two dozen octets and the sender's address.
type Diff struct {
	Decided  int // messages
	Changed  int
	NotKnown int // whose facts are not kept
	Rejected int // of those changed: that were rejected silently, so that no group has them

	moves   map[Move]int
	changes []change
	senders texts
}

// newDiff has room for as many changes: to move a million of them takes as much again.
func newDiff(room int) *Diff {
	return &Diff{moves: map[Move]int{}, changes: make([]change, 0, room)}
}

// An Outcome is what becomes of a message, and of a held one why.
type Outcome struct {
	Action policy.Action
	Cause  policy.Cause
}

// A Move is from what would become of a message as things stand to what would otherwise.
type Move struct {
	From Outcome `json:"from"`
	To   Outcome `json:"to"`
}

// A Count is how many messages would move so, and which: of a domain only how many.
type Count struct {
	Move
	Messages int     `json:"messages"`
	IDs      []int64 `json:"ids,omitempty"` // the newest first
}

// A Group is the messages of one sender or domain that would change.
type Group struct {
	Name     string  `json:"name"` // "" where no address can be read
	Messages int     `json:"messages"`
	Moves    []Count `json:"moves"` // the more frequent first
}

// A change is a message that would change. In groups is how many of its group are.
type change struct {
	id     int64
	sender text
	group  uint32
	move   [4]uint8
}

func (m Move) pack() [4]uint8 {
	return [4]uint8{uint8(m.From.Action), uint8(m.From.Cause), uint8(m.To.Action), uint8(m.To.Cause)}
}

func unpack(m [4]uint8) Move {
	return Move{Outcome{policy.Action(m[0]), policy.Cause(m[1])},
		Outcome{policy.Action(m[2]), policy.Cause(m[3])}}
}

func (d *Diff) note(id int64, sender string, m Move) {
	d.Changed++
	d.moves[m]++
	d.changes = append(d.changes, change{id: id, sender: d.senders.add(sender), move: m.pack()})
}

// Moves are how many messages would move how, the more frequent first.
func (d *Diff) Moves() []Count {
	all := []Count{}
	for m, n := range d.moves {
		all = append(all, Count{Move: m, Messages: n})
	}
	sortCounts(all)
	return all
}

func sortCounts(all []Count) {
	slices.SortFunc(all, func(a, b Count) int {
		x, y := a.pack(), b.pack()
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), bytes.Compare(x[:], y[:]))
	})
}

// Senders gives the messages that would change by sender, those of most first.
func (d *Diff) Senders() iter.Seq[Group] {
	return d.groups(true, func(t text) []byte { return d.senders.get(t) })
}

// Domains gives them by the domain of the sender.
func (d *Diff) Domains() iter.Seq[Group] {
	return d.groups(false, func(t text) []byte {
		sender := d.senders.get(t)
		return sender[bytes.LastIndexByte(sender, '@')+1:]
	})
}

// groups sorts the changes by a name, and then by how many have the same.
func (d *Diff) groups(withIDs bool, name func(text) []byte) iter.Seq[Group] {
	return func(yield func(Group) bool) {
		slices.SortFunc(d.changes, func(a, b change) int {
			return bytes.Compare(name(a.sender), name(b.sender))
		})
		for run := range runs(d.changes, name) {
			for i := range run {
				run[i].group = uint32(len(run))
			}
		}
		slices.SortFunc(d.changes, func(a, b change) int {
			return cmp.Or(cmp.Compare(b.group, a.group),
				bytes.Compare(name(a.sender), name(b.sender)), cmp.Compare(b.id, a.id))
		})
		for run := range runs(d.changes, name) {
			g := Group{Name: string(name(run[0].sender)), Messages: len(run),
				Moves: countMoves(run, withIDs)}
			if !yield(g) {
				return
			}
		}
	}
}

// runs gives those that follow one another with the same name.
func runs(all []change, name func(text) []byte) iter.Seq[[]change] {
	return func(yield func([]change) bool) {
		for len(all) > 0 {
			first, n := name(all[0].sender), 1
			for n < len(all) && bytes.Equal(name(all[n].sender), first) {
				n++
			}
			if !yield(all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}

func countMoves(run []change, withIDs bool) []Count {
	found := map[[4]uint8]*Count{}
	for _, c := range run {
		m := found[c.move]
		if m == nil {
			m = &Count{Move: unpack(c.move)}
			found[c.move] = m
		}
		if m.Messages++; withIDs {
			m.IDs = append(m.IDs, c.id)
		}
	}
	var all []Count
	for m := range maps.Values(found) {
		all = append(all, *m)
	}
	sortCounts(all)
	return all
}

// texts are many short ones in few pieces of memory.
type texts struct{ chunks [][]byte }

// A text is where one of them begins, behind its length: which piece, and where in it.
type text uint32

const (
	chunkBits = 16
	chunkSize = 1 << chunkBits
)

func (t *texts) add(s string) text {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+binary.MaxVarintLen16+len(s) > chunkSize {
		t.chunks = append(t.chunks, make([]byte, 0, chunkSize))
		last++
	}
	at := text(last<<chunkBits | len(t.chunks[last]))
	t.chunks[last] = append(binary.AppendUvarint(t.chunks[last], uint64(len(s))), s...)
	return at
}

func (t *texts) get(at text) []byte {
	chunk := t.chunks[at>>chunkBits][at&(chunkSize-1):]
	n, size := binary.Uvarint(chunk)
	return chunk[size : size+int(n)]
}
