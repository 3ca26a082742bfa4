package message

// Keyword is the first word of a structured field such as Auto-Submitted or Precedence, in
// ASCII lower case: comments and white space in front of it (RFC 5322, section 3.2.2) and
// all that follows it are left out. It is "" if there is none, or if it stands behind a
// comment that is never closed. Nobody has looked at its characters.
func Keyword(value string) string {
	start, end := keyword(value)
	return lower(value[start:end])
}

// Remarks is what Keyword leaves out: comments, parameters and further words, in ASCII
// lower case, on one line of valid UTF-8 without NUL, of the first 8 KiB. In
// "auto-replied (Vacation)" it is "(vacation)".
func Remarks(value string) string {
	value = value[:min(len(value), maxEncoded)]
	start, end := keyword(value)
	return lower(squeeze(Clean(value[:start] + " " + value[end:])))
}

// keyword is where the first word begins and ends.
func keyword(s string) (start, end int) {
	depth := 0 // of the comment, which may be as deep as it likes
	for ; start < len(s); start++ {
		switch c := s[start]; {
		case c == '(':
			depth++
		case depth > 0 && c == ')':
			depth--
		case depth > 0 && c == '\\':
			start++
		case depth == 0 && !isSpace(rune(c)):
			return start, start + len(until(s[start:], endsKeyword))
		}
	}
	return len(s), len(s)
}

func endsKeyword(r rune) bool { return isSpace(r) || r == '(' || r == ';' || r == ',' }
