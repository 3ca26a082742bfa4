package policy

import (
	"slices"
	"strings"
	"unicode"
)

// absence looks for the answer that a machine gives for somebody who is away. Words in the
// Subject that are no form of their own count only beside another sign of a machine, as
// people write about their holidays, too; and what is an answer to such mail, or hands it
// on, was written by a person.
func (r *reading) absence() {
	head, _, isForm := strings.Cut(r.title, ":")
	head = strings.TrimSpace(head)
	switch {
	case !r.vacation.IsZero():
		r.show(AutoVacation, r.vacation)
	case isForm && answerForms[head]:
	case isForm && absenceForms[head],
		r.answers() && mentions(r.title, absenceWords),
		(r.suppress || !r.Signs[AutoMailer].IsZero()) && beginning(r.title, absenceWords) != "":
		r.show(AutoVacation, r.subjectSign())
	}
}

// answers reports whether a machine wrote it that answers mail. Newsletters and lists are
// sent by machines, too, and only say what precedence they have.
func (r *reading) answers() bool {
	s := r.Signs[AutoMailer]
	return !s.IsZero() && s.Field != "Precedence" && s.Field != "X-Precedence"
}

// subjectSign is the Subject as people read it.
func (r *reading) subjectSign() Sign { return Sign{"Subject", r.mail.Message.Subject()} }

// plain makes one spelling of a Subject: lower case, plain spaces and colons, and without
// the mark that a mail server or a list puts in front, such as [EXTERNAL].
func plain(subject string) string {
	if strings.HasPrefix(subject, "[") {
		if i := strings.IndexByte(subject, ']'); i > 0 {
			subject = subject[i+1:]
		}
	}
	return strings.TrimSpace(strings.Map(plainRune, subject))
}

func plainRune(r rune) rune {
	switch {
	case r == '\uff1a':
		return ':'
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

// absenceForms stand in front of a colon in the Subject of such answers, as mail programs
// write them in many languages.
var absenceForms = setOf(
	"abwesend", "abwesenheit", "abwesenheitsassistent", "abwesenheitsbenachrichtigung",
	"abwesenheitsmeldung", "abwesenheitsnotiz", "absence du bureau", "afwezig",
	"afwezigheidsbericht", "assente", "auto reply", "auto response", "auto-reply",
	"auto-response", "automaattinen vastaus", "automatic reply", "automatic response",
	"automatická odpověď", "automatické odpovědi", "automatická odpoveď", "automatikus válasz",
	"automatisch antwoord", "automatische antwort", "automatiskt svar", "automatisk svar",
	"automatski odgovor", "automatyczna odpowiedź", "autoreply", "autorespond", "autorespons",
	"autoresponse", "autosvar", "ausencia temporal", "ausência temporária",
	"fuera de la oficina", "fuori sede", "fuori ufficio", "message d'absence",
	"notification d'absence", "odpowiedź automatyczna", "otomatik yanıt", "out of office",
	"out of office autoreply", "out of office reply", "out of office response",
	"out of the office", "out-of-office", "poza biurem", "resposta automática",
	"resposta automàtica", "respuesta automatica", "respuesta automática",
	"risposta automatica", "răspuns automat", "réponse automatique", "reponse automatique",
	"samodejni odgovor", "távolléti üzenet", "vacation reply", "vacation response",
	"αυτόματη απάντηση", "автоответ", "автоматический ответ", "автоматична відповідь",
	"автоматичен отговор", "נשלח באופן אוטומטי", "تلقائي رد", "自动回复", "自動回覆", "自動返信",
	"自動応答", "不在通知", "外出中", "자동 회신", "부재 중",
)

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
