package policy_test

import (
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestAbsenceInManyLanguages: a form is one wherever it stands in front of a colon, and the
// same words are none behind the start.
func TestAbsenceInManyLanguages(t *testing.T) {
	for _, form := range []string{"Auto", "\u81ea\u52a8\u7b54\u590d", "\u81ea\u52d5\u56de\u8986",
		"\u0631\u062f \u062a\u0644\u0642\u0627\u0626\u064a", "Automated reply",
		"Automatinis atsakymas", "Autom\u0101tiska atbilde", "Automaatvastus",
		"Tr\u1ea3 l\u1eddi t\u1ef1 \u0111\u1ed9ng", "Balasan otomatis",
		"\u0410\u0443\u0442\u043e\u043c\u0430\u0442\u0441\u043a\u0438 " +
			"\u043e\u0434\u0433\u043e\u0432\u043e\u0440", "Hors du bureau", "Auto-Antwort",
		"Respuesta automatizada",
		"Fuori dall'ufficio", "Auto-resposta", "Ej p\u00e5 kontoret",
		"Automaticka odpoved", "Отсутствую на рабочем месте", "Αυτοματη απαντηση", "رد آلي",
		"הודעת היעדרות",
		"پاسخ اتوماتیک", "स्वतः उत्तर", "ตอบอัตโนมัติ", "Tự động trả lời", "自动应答", "休假自動回覆",
		"不在自動応答",
		"자동 답장", "Outomatiese antwoord", "स्वयंचलित उत्तर"} {
		for subject, want := range map[string]policy.Cause{
			form + ": order 4711": policy.AutoVacation, form + " \uff1a 4711": policy.AutoVacation,
			form + " order 4711": policy.NoCause, "Order 4711 " + form + ": x": policy.NoCause,
			"Re: " + form + ": order 4711": policy.NoCause,
		} {
			_, d := read(t, &policy.Policy{}, &message.Envelope{}, "From: ann@acme.test\r\n"+
				"In-Reply-To: <t1@help.test>\r\nSubject: "+subject+"\r\n\r\nx\r\n")
			if d.Cause != want {
				t.Errorf("%s: %v, %s", subject, d.Cause, d.Why())
			}
		}
	}
}

// TestWhatPeopleWriteOfHolidays: whoever writes about a holiday, or about an answer of a machine,
// is no machine, in any script; not in an answer either.
func TestWhatPeopleWriteOfHolidays(t *testing.T) {
	for _, subject := range []string{
		"On holiday I lost my card", "Vacation: I lost my card", "Holiday booking: order 4711",
		"Out of office hours: when do you open?", "Auto: Kratzer am Kotfl\u00fcgel",
		"Im Urlaub habe ich meine Karte verloren", "Automatische Antwort kommt nicht: Hilfe",
		"En vacances j'ai perdu ma carte", "R\u00e9ponse automatique absente: pourquoi ?",
		"De vacaciones perd\u00ed mi tarjeta", "In ferie ho perso la carta",
		"De f\u00e9rias: cart\u00e3o perdido",
		"Op vakantie mijn pas verloren", "P\u00e5 semester: tappat kortet",
		"Lomalla: kortti katosi",
		"Na urlopie zgubi\u0142em kart\u0119", "Na dovolen\u00e9: ztracen\u00e1 karta",
		"Tatilde kart\u0131m\u0131 kaybettim",
		"Niet aanwezig: pakket 4711", "Ikke til stede: pakke 4711", "不在連絡：再配達",
		"В отпуске потерял карту", "Вопрос: автоматический ответ не пришёл",
		"У відпустці загубив картку",
		"Στις διακοπές έχασα την κάρτα", "في إجازة فقدت بطاقتي", "סוגיה: אבד לי הכרטיס בחופשה",
		"छुट्टी पर मेरा कार्ड खो गया", "วันหยุด: บัตรหาย", "Đi nghỉ: tôi mất thẻ",
		"Saat liburan: kartu hilang",
		"休假时丢了卡", "休假: 卡丢了", "休假期間遺失卡片", "休暇中にカードを紛失しました", "休暇：カード紛失",
		"휴가 중에 카드를 잃어버렸어요", "휴가: 카드 분실",
	} {
		for _, fields := range []string{"", "In-Reply-To: <t1@help.test>\r\n"} {
			_, d := read(t, &policy.Policy{}, &message.Envelope{}, fields+
				"From: ann@acme.test\r\nSubject: "+subject+"\r\n\r\nx\r\n")
			if auto := strings.HasPrefix(subject, "Auto:") &&
				fields != ""; d.Action != policy.Ticket && !auto {
				t.Errorf("%s, %q: %v, %s", subject, fields, d.Cause, d.Why())
			}
		}
	}
}
