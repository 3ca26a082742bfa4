package message

// A Defect says what is odd about a header section and where.
type Defect struct {
	Kind DefectKind
	Line int // counted from 1
}

// A DefectKind is one way in which a header section departs from RFC 5322. All but
// SpaceBeforeColon make it suspect: readers differ in where it ends, or in what its lines
// are, so that what we read may not be what another reader shows.
type DefectKind uint8

// The kinds of defects. SpaceBeforeColon is obsolete syntax (RFC 5322, section 4.5.8).
const (
	_ DefectKind = iota
	SpaceBeforeColon
	ByteOrderMark // in front of the first field
	MboxLine      // the separator of an mbox file, as the first line
	LeadingSpace  // the first line begins with white space: it continues nothing
	NoColon
	BadName    // what stands before the colon is not a field name
	BlankSpace // a line of white space only: to some readers the end of the header section
	BareCR
	BareLF // beside lines that end in CRLF
	NUL
	Control       // a control character other than tab
	HeaderTooLong // more than MaxHeader octets
	TooManyFields // more than MaxFields fields
	defectKinds
)

// String says it in words that follow "line 3 of the header section".
func (k DefectKind) String() string {
	return [...]string{
		SpaceBeforeColon: "has white space before the colon",
		ByteOrderMark:    "begins with a byte order mark",
		MboxLine:         "is the separator of an mbox file",
		LeadingSpace:     "begins with white space",
		NoColon:          "has no colon",
		BadName:          "has no field name before the colon",
		BlankSpace:       "is white space only",
		BareCR:           "has a CR without LF",
		BareLF:           "ends with LF without CR",
		NUL:              "has a NUL",
		Control:          "has a control character",
		HeaderTooLong:    "is beyond 256 KiB",
		TooManyFields:    "begins field 1,001",
		defectKinds:      "",
	}[min(k, defectKinds)]
}

// maxDefects is how many defects are kept; beyond it only kinds not seen before.
const maxDefects = 100

// defects gathers what the scan finds.
type defects struct {
	list []Defect
	seen [defectKinds]bool
}

func (d *defects) add(kind DefectKind, line int) {
	if len(d.list) < maxDefects || !d.seen[kind] {
		d.list = append(d.list, Defect{kind, line})
	}
	d.seen[kind] = true
}

// suspect is the first defect for which nothing in the header section can be relied on.
func (m *Message) suspect() (Defect, bool) {
	for _, d := range m.Defects {
		if d.Kind != SpaceBeforeColon {
			return d, true
		}
	}
	return Defect{}, false
}

func (m *Message) has(kind DefectKind) bool {
	for _, d := range m.Defects {
		if d.Kind == kind {
			return true
		}
	}
	return false
}
