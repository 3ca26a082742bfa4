package policy

import (
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"
)

// Ranges are network ranges: who may speak to us, or from where. They never change; nil
// and the zero Ranges contain nothing.
type Ranges struct {
	text     string
	prefixes bart.Lite
	masked   []maskSet // at most 11: masks of four octets that are no prefix
}

// A maskSet holds the IPv4 wildcards that leave the same numbers open.
type maskSet struct {
	mask   uint32
	values map[uint32]struct{}
}

// ParseRanges reads ranges separated by white space. An error is Problems with every
// range that is refused; then there are no Ranges.
func ParseRanges(text string) (*Ranges, error) {
	r := &Ranges{text: strings.TrimSpace(text)}
	var problems Problems
	for i, w := range split(text) {
		if f := r.add(w.text); f != nil {
			problems = append(problems, f.rangeProblem(w, i+1))
		}
	}
	if problems != nil {
		return nil, problems
	}
	return r, nil
}

// Contains reports whether one of the ranges has the address. An IPv4-mapped address is
// taken for the IPv4 address it stands for, and a zone is passed over.
func (r *Ranges) Contains(a netip.Addr) bool {
	if r == nil || !a.IsValid() {
		return false
	}
	a = a.Unmap().WithZone("")
	if r.prefixes.Contains(a) {
		return true
	}
	if !a.Is4() {
		return false
	}
	n := number(a)
	for _, m := range r.masked {
		if _, ok := m.values[n&m.mask]; ok {
			return true
		}
	}
	return false
}

// Empty reports whether there is no range at all.
func (r *Ranges) Empty() bool { return r == nil || r.text == "" }

// String is the text they were read from.
func (r *Ranges) String() string {
	if r == nil {
		return ""
	}
	return r.text
}

func (r *Ranges) add(s string) *fault {
	if f := refuseSeparators(s); f != nil {
		f.reason = "ranges are separated by white space, not by a comma or a semicolon"
		return f
	}
	if strings.Contains(s, ":") {
		return r.addIPv6(s)
	}
	address, bits, isPrefix := strings.Cut(s, "/")
	value, mask, f := parseNumbers(address)
	switch {
	case f != nil:
		return f
	case mask == 0:
		return refuseAll("every IPv4 address")
	case !isPrefix:
		r.addMask(value, mask)
		return nil
	case mask != allNumbers:
		return &fault{reason: "* and / do not go together",
			remedy: "write * for whole numbers, or a full address before the /"}
	}
	return r.addPrefix(addr4(value), bits)
}

// addMask puts what is a prefix where prefixes are, as that costs one look-up for all.
func (r *Ranges) addMask(value, mask uint32) {
	if bits, ok := prefixLength(mask); ok {
		r.prefixes.Insert(netip.PrefixFrom(addr4(value), bits))
		return
	}
	for _, m := range r.masked {
		if m.mask == mask {
			m.values[value] = struct{}{}
			return
		}
	}
	r.masked = append(r.masked, maskSet{mask, map[uint32]struct{}{value: {}}})
}
