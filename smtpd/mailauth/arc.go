package mailauth

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatepost/message"
)

// arcFields are the fields of a hop (RFC 8617, section 4.1): what it found out, its signature
// of the message, and its seal on all ARC fields so far.
var arcFields = [...]string{"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"}

const (
	arcResults = iota
	arcSignature
	arcSeal
)

// maxHops is how many hops a chain may have (RFC 8617, section 4.2.1).
const maxHops = 50

// A hop is one that handed the message on: where its fields stand, counted from 1; 0 for none.
type hop [len(arcFields)]int

// A chain is what the ARC fields of a message say.
type chain struct {
	results int         // the field with what the first hop found out, by index
	message signature   // of the last hop: those before it need not hold any more
	seals   []signature // of every hop, the first one first
}

// readChain reads the ARC fields (RFC 8617, section 5.2, steps 1 to 3), nil if there is none.
// An error is that they are no chain, and then nobody needs to be asked.
func readChain(fields []message.Field) (*chain, error) {
	hops, err := readHops(fields)
	if len(hops) == 0 || err != nil {
		return nil, err
	}
	c := &chain{results: hops[0][arcResults] - 1, seals: make([]signature, len(hops))}
	var covers []int
	for i, h := range hops {
		if slices.Contains(h[:], 0) {
			return nil, fmt.Errorf("hop %d has not all of its fields", i+1)
		}
		covers = append(covers, h[arcResults]-1, h[arcSignature]-1)
		seal := &c.seals[i]
		*seal = signature{field: h[arcSeal] - 1, covers: slices.Clone(covers),
			header: canonical{relaxed: true}, bodyless: true}
		if err := seal.read(fields[seal.field], tags.named, seal.owner, sealing(i)); err != nil {
			return nil, fmt.Errorf("%s %d: %w", arcFields[arcSeal], i+1, err)
		}
		covers = append(covers, seal.field)
	}
	c.message.field = hops[len(hops)-1][arcSignature] - 1
	if err := c.readMessage(fields); err != nil {
		return nil, fmt.Errorf("%s %d: %w", arcFields[arcSignature], len(hops), err)
	}
	return c, nil
}

// readMessage reads the signature of the last hop. Without c= it is relaxed, as those who
// seal have it.
func (c *chain) readMessage(fields []message.Field) error {
	s := &c.message
	s.header.relaxed, s.body.relaxed = true, true
	err := s.read(fields[s.field], tags.named, s.owner, s.content, s.unsealed)
	s.covers = pick(fields, s.names, s.field)
	return err
}

// sealing reads what an ARC-Seal alone has: cv=, which says what the hop found of the chain
// before it, and no h= (RFC 8617, section 4.1.3).
func sealing(before int) func(tags) error {
	want := "pass"
	if before == 0 {
		want = "none"
	}
	return func(t tags) error {
		if _, there := t["h"]; there {
			return errors.New("it has h=")
		}
		if t["cv"] != want {
			return errors.New("cv= is not " + want)
		}
		_, err := t.number("t")
		return err
	}
}

// unsealed refuses a signature of the message that signs seals (RFC 8617, section 4.1.2).
func (s *signature) unsealed(tags) error {
	if slices.Contains(s.names, fold(arcFields[arcSeal])) {
		return errors.New("h= names " + arcFields[arcSeal])
	}
	return nil
}

// readHops sorts the ARC fields by hop, the first one first.
func readHops(fields []message.Field) ([]hop, error) {
	var hops []hop
	for i, f := range fields {
		kind := slices.IndexFunc(arcFields[:], f.Is)
		if kind < 0 {
			continue
		}
		n := instance(f, kind)
		if n < 1 || n > maxHops {
			return nil, fmt.Errorf("%s has no number from 1 to %d", arcFields[kind], maxHops)
		}
		for len(hops) < n {
			hops = append(hops, hop{})
		}
		if hops[n-1][kind] != 0 {
			return nil, fmt.Errorf("hop %d has two fields %s", n, arcFields[kind])
		}
		hops[n-1][kind] = i + 1
	}
	return hops, nil
}

// instance is the number of the hop that wrote a field, 0 if it has none.
func instance(f message.Field, kind int) int {
	text, _ := divideResults(f)
	if kind != arcResults {
		var s signature
		s.read(f, func(t tags) error { text = t["i"]; return nil })
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 0
	}
	return int(n)
}

// divideResults divides what a hop found out from its number, which comes first (RFC 8617,
// section 4.1.1).
func divideResults(f message.Field) (number, results string) {
	front, results, ok := strings.Cut(f.Value(), ";")
	name, number, _ := strings.Cut(front, "=")
	if !ok || fold(strings.Trim(name, white)) != "i" || len(f.Raw) > maxField {
		return "", ""
	}
	return strings.Trim(number, white), results
}
