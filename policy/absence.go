package policy

import (
	"slices"
	"strings"
	"unicode"
)

// absence looks for the answer that a machine gives for somebody who is away. Words in the
// Subject that are no form of their own count only beside other evidence of a machine, as
// people write about their holidays, too; and what is an answer to such mail, or hands it
// on, was written by a person.
func (r *reading) absence() {
	head, rest := form(r.title)
	switch {
	case !r.vacation.IsZero():
		r.show(AutoVacation, r.vacation)
	case answerForms[head]:
	case absenceForms[head],
		head == "auto" && (r.answer || strings.HasSuffix(trimNote(rest), notesAbsence)),
		r.answers() && mentions(r.title, absenceWords),
		!r.Evidence[AutoMailer].IsZero() && beginning(r.title, absenceWords) != "":
		r.show(AutoVacation, r.subjectSign())
	}
}

// notesAbsence ends the Subject with which HCL Notes answers, but for the day of the return:
// AUTO: Ann Lee is out of the office (returning 10/12/2026).
const notesAbsence = " is out of the office"

// trimNote takes off a remark in parentheses at the end.
func trimNote(s string) string {
	if i := strings.LastIndexByte(s, '('); i > 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	return strings.TrimRight(s, " .")
}

// form is what stands in front of the first colon of a Subject and what follows, or in the
// brackets with which it begins; "" where there is neither.
func form(title string) (head, rest string) {
	for _, pair := range brackets {
		if inner, ok := strings.CutPrefix(title, pair[0]); ok {
			head, rest, _ = strings.Cut(inner, pair[1])
			return strings.TrimSpace(head), rest
		}
	}
	head, rest, found := strings.Cut(title, ":")
	if !found {
		return "", ""
	}
	return strings.TrimSpace(head), rest
}

// brackets that stand around a form, and those of East Asian text.
var brackets = [...][2]string{{"(", ")"}, {"[", "]"}, {"【", "】"}, {"（", "）"}, {"［", "］"},
	{"「", "」"}, {"〔", "〕"}}

// answers reports whether a machine wrote it that answers mail. Newsletters and lists are
// sent by machines, too, and only say what precedence they have.
func (r *reading) answers() bool {
	s := r.Evidence[AutoMailer]
	return !s.IsZero() && s.Field != "Precedence" && s.Field != "X-Precedence"
}

// subjectSign is the Subject as people read it.
func (r *reading) subjectSign() Evidence { return Evidence{"Subject", r.mail.Message.Subject()} }

// plain makes one spelling of a Subject: lower case, plain spaces and colons, and without
// the mark that a mail server or a list puts in front, such as [EXTERNAL].
func plain(subject string) string {
	subject = strings.TrimSpace(strings.Map(plainRune, subject))
	if strings.HasPrefix(subject, "[") {
		i := strings.IndexByte(subject, ']')
		if i > 0 && !absenceForms[strings.TrimSpace(subject[1:i])] {
			subject = strings.TrimSpace(subject[i+1:])
		}
	}
	return subject
}

func plainRune(r rune) rune {
	switch {
	case r == '\uff1a' || r == '\ufe55': // as East Asian text has it
		return ':'
	case unicode.Is(unicode.Cf, r): // marks of direction, in Arabic and Hebrew
		return -1
	case r == '\u2019':
		return '\''
	case unicode.IsSpace(r):
		return ' '
	}
	return unicode.ToLower(r)
}

// beginning is with which of the words s begins, "" if with none.
func beginning(s string, words []string) string {
	for _, w := range words {
		if strings.HasPrefix(s, w) {
			return w
		}
	}
	return ""
}

func mentions(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// absenceWords are found in Subjects of people, too.
var absenceWords = []string{
	"out of office", "out of the office", "out-of-office", "on vacation", "on holiday",
	"on leave", "vacation reply", "vacation response", "away from my mail", "away from my desk",
	"away from the office", "away from office", "automatic reply", "auto reply", "auto-reply",
	"autoreply", "abwesenheit", "nicht im büro", "im urlaub", "automatische antwort",
	"réponse automatique", "absence du bureau", "absent du bureau", "en congé",
	"respuesta automática", "fuera de la oficina", "de vacaciones", "risposta automatica",
	"fuori ufficio", "in ferie", "automatisch antwoord", "afwezig", "resposta automática",
	"ausente do escritório", "de férias", "autosvar", "отпуск", "不在", "休暇", "休假", "外出",
}

// answerForms stand in front of the Subject of what is an answer or is handed on.
var answerForms = setOf("re", "aw", "antw", "antwort", "sv", "vs", "ref", "rif", "res", "rsp",
	"odp", "ynt", "atb", "vá", "fw", "fwd", "wg", "tr", "rv", "enc", "doorst", "vb", "vl", "i",
	"pd", "回复", "回覆", "答复", "转发", "轉寄", "返信", "転送")

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}
