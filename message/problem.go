package message

// A SenderProblem is why no single From address can be read, 0 if there is none. The
// values below NoFrom are those of DefectKind: the header section itself is suspect.
type SenderProblem uint8

// The problems that lie in the From field.
const (
	NoFrom           SenderProblem = iota + firstOfFrom
	TwoFroms                       // readers show the first, signatures cover the last
	SpacedFrom                     // white space before the colon hides it from some readers
	SeveralMailboxes               // a comma, or several addresses
	GroupSyntax                    // RFC 6854
	AddressAsName                  // a bare address as display name of another
	SeveralAngles
	UnpairedAngle
	TextBeside // text behind the angle brackets or beside a bare address
	BadComment // other than one flat comment at the end
	UnclosedQuote
	StrayBackslash
	NoAddress      // empty, or without @
	SourceRoute    // RFC 5321, appendix C
	EncodedAddress // RFC 2047, section 5, forbids encoded words there
	RoutedLocal    // % or ! once meant another host (RFC 5321, appendix C)
	RawUTF8        // sound for RFC 6532 if the transaction announced SMTPUTF8
	BadAddress
	HiddenControl // in an encoded word of the name
	problems
)

const firstOfFrom = SenderProblem(defectKinds)

// String says it in words that stand alone.
func (p SenderProblem) String() string {
	if p < firstOfFrom {
		return DefectKind(p).String()
	}
	return [...]string{
		NoFrom:           "there is no From field",
		TwoFroms:         "there are several From fields",
		SpacedFrom:       "From has white space before its colon",
		SeveralMailboxes: "From holds several mailboxes",
		GroupSyntax:      "From holds a group of mailboxes",
		AddressAsName:    "From holds an address in front of the address",
		SeveralAngles:    "From holds several addresses between angle brackets",
		UnpairedAngle:    "From has an angle bracket without its other half",
		TextBeside:       "From has text beside the address",
		BadComment:       "From has a comment elsewhere than at the end, or a nested one",
		UnclosedQuote:    "From has a quotation mark that is never closed",
		StrayBackslash:   "From has a backslash outside quotation marks",
		NoAddress:        "From holds no address",
		SourceRoute:      "From holds a source route",
		EncodedAddress:   "From holds an encoded word in its address",
		RoutedLocal:      "the local part of the From address names another host",
		RawUTF8:          "the From address is not ASCII, and SMTPUTF8 was not announced",
		BadAddress:       "the address in From cannot be read",
		HiddenControl:    "the name in From holds an encoded control character",
		problems:         "",
	}[min(p, problems)]
}
