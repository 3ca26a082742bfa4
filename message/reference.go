package message

import "strings"

// Limits on the messages that one may say it answers. Who answers a long thread names all of
// it, the nearest last; nobody's reply has so many that it answers at once.
const (
	maxReferences = 20
	maxParents    = 5
	maxMessageID  = maxUnstructured // octets
)

// A Reference is a message that another one says it answers: its msg-id without the angle
// brackets (RFC 5322, section 3.6.4), and the field that names it.
type Reference struct{ Field, ID string }

// References are the messages that this one says it answers, the nearest first, each once:
// those of In-Reply-To, five at most, then those of References from its end, 20 at most in all.
// Anybody can have written them.
func (m *Message) References() (list []Reference) {
	var parents, thread []string
	for _, f := range m.Fields {
		switch {
		case f.Is("In-Reply-To"):
			parents = append(parents, messageIDs(f.Value(), false)...)
		case f.Is("References"):
			thread = append(thread, messageIDs(f.Value(), true)...)
		}
	}
	if parents == nil && thread == nil {
		return nil
	}
	seen := map[string]bool{}
	add := func(field, id string) {
		if !seen[id] && len(list) < maxReferences {
			seen[id] = true
			list = append(list, Reference{field, id})
		}
	}
	for _, id := range parents[:min(len(parents), maxParents)] {
		add("In-Reply-To", id)
	}
	for i := range thread {
		add("References", thread[len(thread)-1-i])
	}
	return list
}

// BareMessageID is the msg-id of a Message-ID field without its angle brackets, as References
// has those of other messages; "" if there is none, or it is over 998 octets.
func BareMessageID(field string) string {
	ids := messageIDs(field, false)
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// messageIDs are what stands in angle brackets outside of comments and of quoted strings, or if
// there is nothing, the words with an @: some phones write those. White space of folds is none
// of an id. Of many they are the first, or the last.
func messageIDs(value string, last bool) (ids []string) {
	value = Clean(value)
	add := func(id string) {
		if id == "" || len(id) > maxMessageID {
			return
		}
		if last && len(ids) == maxReferences {
			ids = append(ids[:0], ids[1:]...)
		}
		if len(ids) < maxReferences {
			ids = append(ids, id)
		}
	}
	bare, bracketed := outsideBrackets(value, func(id string) {
		add(strings.Join(strings.Fields(id), ""))
	})
	if bracketed {
		return ids
	}
	for word := range strings.FieldsSeq(bare) {
		if word = strings.Trim(word, "<>,;"); strings.Contains(word, "@") {
			add(word)
		}
	}
	return ids
}

// outsideBrackets gives what stands in angle brackets to take, and what stands outside of them,
// of comments and of quoted strings. One that does not end hides nothing behind it, nor is
// another looked for: that would take the square of the length.
func outsideBrackets(value string, take func(string)) (bare string, bracketed bool) {
	var rest strings.Builder
	ends := map[byte]func(string) int{'(': commentEnd, '"': quotedEnd, '<': bracketEnd}
	for i := 0; i < len(value); {
		c := value[i]
		end := 0
		if find := ends[c]; find != nil {
			if end = find(value[i:]); end < 0 {
				delete(ends, c)
			}
		}
		if end <= 0 {
			rest.WriteByte(c)
			i++
			continue
		}
		if c == '<' {
			take(value[i+1 : i+end-1])
			bracketed = true
		}
		rest.WriteByte(' ')
		i += end
	}
	return rest.String(), bracketed
}

// bracketEnd is how long what stands in angle brackets is that s begins with, with them; -1 if
// it has no end.
func bracketEnd(s string) int {
	if i := strings.IndexByte(s, '>'); i > 0 {
		return i + 1
	}
	return -1
}

// commentEnd is how long the comment is that s begins with, -1 if it has no end.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// quotedEnd is how long the quoted string is that s begins with, -1 if it has no end.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
