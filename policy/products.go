package policy

import (
	"fmt"
	"slices"
	"strings"
)

// A Place is where a product writes its fields, seen from the Received field in which the
// relay names its client. Above that nobody else can have written; below it, and at the end
// of the header section, nothing tells its fields from those that came with the message.
type Place uint8

const (
	Nowhere Place = iota // it writes none
	Above
	Below // directly below
	End   // behind the fields that came with the message
	Open  // not seen within a whole header section
)

var places = [...]string{Nowhere: "none", Above: "above", Below: "below", End: "at the end",
	Open: "not known"}

func (p Place) String() string { return places[p] }

// lower reports whether fields of that place may stand where anybody can write.
func (p Place) lower() bool { return p > Above }

// A Product is what may stand in front of us, hand mail on and say what it makes of it: a
// mail service, or a filter that a relay runs. Its fields are as they were seen, or as its
// maker documents them.
type Product struct {
	Name  string // in lower case, as settings name it
	Title string // as its maker does

	// Results is where it writes Authentication-Results fields (RFC 8601).
	Results Place
	// IDs are its authserv-ids there: "mx.google.com", "*.yahoo.com" for the hosts under a
	// domain, "" where it writes none. Without any, it has the name of the relay it runs on.
	IDs []string
	// Removes says, by its own documentation, that fields which came with a message under
	// its authserv-id are taken out.
	Removes bool
	// Remarks says that it writes what the client said between semicolons, as if that were
	// a finding, and behind that one finding of DMARC in any case.
	Remarks bool

	Marks Place  // where it writes what follows
	Spam  []Mark // which fields and values mean spam
	Inner Trace  // knows a Received field that one of its machines wrote about another; or nil

	Source string // where this was seen or is said
}

// A Trace reads the value of a Received field.
type Trace func(value string) bool

// A Mark is a field and the values of it that mean spam.
type Mark struct {
	Field string // as it is usually spelled
	Says  string // those values, for people
	spam  func(value string) bool
}

// Products are all that are known, in the order of their names.
func Products() []Product { return slices.Clone(products[:]) }

// ParseProduct is the product of that name.
func ParseProduct(name string) (*Product, error) {
	for i := range products {
		if products[i].Name == name {
			return &products[i], nil
		}
	}
	return nil, fmt.Errorf("%q is not known", name)
}

// Owns reports whether an authserv-id in ASCII lower case is one that the product itself
// has: "" is that of a field without any.
func (p *Product) Owns(id string) bool {
	return slices.ContainsFunc(p.IDs, func(own string) bool {
		if under, ok := strings.CutPrefix(own, "*"); ok {
			return strings.HasSuffix(id, under) && len(id) > len(under)
		}
		return own == id
	})
}

// ProductOf is the product that has an authserv-id of its own, nil if none is known.
func ProductOf(id string) *Product {
	for i := range products {
		if products[i].Owns(id) {
			return &products[i]
		}
	}
	return nil
}

// ReadBelow is the setting that has Authentication-Results read below the relay's line, for
// an authserv-id that is the relay's own: it names the products that write them there.
func ReadBelow() string {
	return filterFor(func(p Product) bool { return p.ReadBelow() && len(p.IDs) == 0 })
}

// ReadBelow reports whether its Authentication-Results can be told from a sender's directly
// below the relay's line: it writes them there, and no others are left.
func (p *Product) ReadBelow() bool { return p.Results == Below && p.Removes }

// oneOf names those products, as a choice: `"a", "b" or "c"`.
func oneOf(all []Product, which func(Product) bool) string {
	var b strings.Builder
	all = slices.DeleteFunc(slices.Clone(all), func(p Product) bool { return !which(p) })
	for i, p := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(`"` + p.Name + `"`)
	}
	return b.String()
}
