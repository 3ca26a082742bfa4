package policy

// A wording is how answers for somebody who is away begin in a language, and where from.
type wording struct {
	language, source string
	forms            []string // as plain makes them
}

// Where the wordings are from.
const (
	outlook = "automatic replies of Outlook and Exchange, in the languages of Office"
	others  = "assistants of other mail programs, and what people call such an answer"

	providers = "answers that mail providers and older assistants of the country write"
)

// absenceWordings stand in front of a colon, or in brackets, at the start of the Subject of
// such answers. No row holds the "Auto:" of a Sieve vacation (RFC 5230, section 5.3): in many
// languages that is a car, see absence.
var absenceWordings = []wording{
	{"English", outlook, []string{
		"automatic reply", "automatic response", "automated reply", "automated response",
	}},
	{"English", others, []string{
		"out of office", "out of the office", "out-of-office", "out of office autoreply",
		"out of office auto-reply", "out of office auto reply", "out of office reply",
		"out of office response", "out of office message", "out of office notification",
		"auto reply", "auto-reply", "autoreply", "auto response", "auto-response",
		"autoresponse", "auto responder", "auto-responder", "autoresponder", "autorespond",
		"autorespons",
		"vacation reply", "vacation response", "vacation message", "away from office",
		"away from the office", "not in the office", "absence notification",
	}},
	{"German", outlook, []string{"automatische antwort"}},
	{"German", others, []string{
		"abwesend", "abwesenheit", "abwesenheitsagent", "abwesenheitsantwort",
		"abwesenheitsassistent", "abwesenheitsbenachrichtigung", "abwesenheitshinweis",
		"abwesenheitsinfo", "abwesenheitsmail", "abwesenheitsmeldung",
		"abwesenheitsmitteilung", "abwesenheitsnachricht", "abwesenheitsnotiz",
		"automatische rückantwort", "automatische abwesenheitsnotiz", "außer haus",
		"nicht im büro", "urlaubsbenachrichtigung", "urlaubsnachricht", "urlaubsnotiz",
	}},
	{"German", providers, []string{
		"auto-antwort", "autoantwort", "automatische antwort-mail",
		"automatische e-mail-antwort", "nicht am arbeitsplatz",
	}},
	{"French", outlook, []string{"réponse automatique", "reponse automatique"}},
	{"French", others, []string{
		"absence du bureau", "absent du bureau", "absent(e) du bureau",
		"en absence du bureau", "message d'absence", "avis d'absence",
		"notification d'absence", "message automatique d'absence", "réponse d'absence",
		"réponse automatique d'absence",
	}},
	{"French", providers, []string{
		"hors du bureau", "réponse auto", "autoréponse", "absence du bureau automatique",
		"réponse automatique d'absence du bureau",
	}},
	{"Spanish", outlook, []string{"respuesta automática", "respuesta automatica"}},
	{"Spanish", others, []string{
		"autorespuesta", "auto respuesta", "ausencia temporal", "ausente de la oficina",
		"aviso de ausencia", "fuera de la oficina", "fuera de oficina",
		"mensaje de ausencia", "respuesta de ausencia",
	}},
	{"Spanish", providers, []string{
		"contestación automática", "respuesta automatizada", "ausente de oficina",
		"autocontestación",
	}},
	{"Italian", outlook, []string{"risposta automatica"}},
	{"Italian", others, []string{
		"assente", "assente dall'ufficio", "avviso di assenza", "fuori sede",
		"fuori ufficio", "messaggio di assenza", "notifica di assenza",
	}},
	{"Italian", providers, []string{
		"risposta automatizzata", "risponditore automatico", "fuori dall'ufficio",
		"assenza dall'ufficio",
	}},
	{"Portuguese, Galician", outlook, []string{"resposta automática", "resposta automatica"}},
	{"Portuguese", others, []string{
		"ausência temporária", "ausência do escritório", "ausente do escritório",
		"aviso de ausência", "fora do escritório", "mensagem de ausência",
	}},
	{"Portuguese", providers, []string{
		"resposta automatizada", "auto-resposta", "resposta de ausência",
		"fora de escritório",
	}},
	{"Catalan", outlook, []string{"resposta automàtica"}},
	{"Catalan", others, []string{"fora de l'oficina"}},
	{"Basque", outlook, []string{"erantzun automatikoa"}},
	{"Dutch", outlook, []string{"automatisch antwoord"}},
	{"Dutch", others, []string{
		"afwezig", "afwezigheidsassistent", "afwezigheidsbericht",
		"afwezigheidsmelding", "niet op kantoor", "automatische reactie",
	}},
	{"Dutch", providers, []string{"automatische beantwoording", "afwezigheidsnotificatie"}},
	{"Danish, Norwegian", outlook, []string{"automatisk svar"}},
	{"Danish", others, []string{
		"autosvar", "fraværsbesked", "fraværsmeddelelse", "ikke på kontoret",
	}},
	{"Danish", providers, []string{"automatisk besvarelse", "autobesvarelse"}},
	{"Norwegian", others, []string{
		"fraværsmelding", "fraværsassistent", "automatisk svarmelding",
	}},
	{"Swedish", outlook, []string{"automatiskt svar"}},
	{"Swedish", others, []string{
		"frånvarande", "frånvaromeddelande", "frånvaroassistent", "inte på kontoret",
	}},
	{"Swedish", providers, []string{"ej på kontoret", "autosvar", "automatsvar"}},
	{"Finnish", outlook, []string{"automaattinen vastaus"}},
	{"Finnish", others, []string{
		"automaattivastaus", "poissa toimistosta", "poissaoloilmoitus",
		"poissaoloviesti",
	}},
	{"Finnish", providers, []string{"poissa työpaikalta", "automaattinen poissaoloviesti"}},
	{"Icelandic", outlook, []string{"sjálfvirkt svar"}},
	{"Polish", outlook, []string{"odpowiedź automatyczna", "automatyczna odpowiedź"}},
	{"Polish", others, []string{
		"autoodpowiedź", "nieobecność w biurze", "nieobecny w biurze", "poza biurem",
		"informacja o nieobecności",
	}},
	{"Polish", providers, []string{
		"automatyczna odpowiedz", "autoodpowiedz", "nie ma mnie w biurze",
	}},
	{"Czech", outlook, []string{"automatická odpověď", "automatické odpovědi"}},
	{"Czech", others, []string{"mimo kancelář", "oznámení o nepřítomnosti"}},
	{"Czech", providers, []string{"automaticka odpoved", "mimo kancelar"}},
	{"Slovak", outlook, []string{"automatická odpoveď", "automatické odpovede"}},
	{"Slovak", others, []string{
		"mimo kancelárie", "oznámenie o neprítomnosti",
	}},
	{"Hungarian", outlook, []string{"automatikus válasz"}},
	{"Hungarian", others, []string{
		"távolléti üzenet", "távolléti értesítés", "házon kívül", "irodán kívül",
	}},
	{"Hungarian", providers, []string{
		"automatikus valasz", "automata válasz", "irodán kívül vagyok",
	}},
	{"Romanian", outlook, []string{"răspuns automat", "raspuns automat"}},
	{"Romanian", others, []string{"absent din birou", "în afara biroului"}},
	{"Slovenian", outlook, []string{"samodejni odgovor"}},
	{"Slovenian", others, []string{"avtomatski odgovor"}},
	{"Croatian, Bosnian, Serbian", outlook, []string{
		"automatski odgovor", "automatsko odgovaranje",
	}},
	{"Croatian, Bosnian, Serbian", others, []string{"izvan ureda", "van kancelarije"}},
	{"Serbian", outlook, []string{"аутоматски одговор", "аутоматско одговарање"}},
	{"Macedonian", outlook, []string{"автоматски одговор"}},
	{"Bulgarian", outlook, []string{"автоматичен отговор"}},
	{"Bulgarian", others, []string{"извън офиса"}},
	{"Russian", outlook, []string{"автоматический ответ"}},
	{"Russian", others, []string{"автоответ", "вне офиса", "отсутствие на рабочем месте"}},
	{"Russian", providers, []string{
		"автоматическое уведомление об отсутствии", "отсутствую на рабочем месте",
		"меня нет в офисе",
	}},
	{"Ukrainian", outlook, []string{"автоматична відповідь"}},
	{"Ukrainian", others, []string{"автовідповідь", "поза офісом"}},
	{"Ukrainian", providers, []string{"автоматичне повідомлення про відсутність"}},
	{"Belarusian", outlook, []string{"аўтаматычны адказ"}},
	{"Kazakh", outlook, []string{"автоматты жауап", "автоматты түрде жауап беру"}},
	{"Greek", outlook, []string{"αυτόματη απάντηση"}},
	{"Greek", others, []string{"εκτός γραφείου", "απουσία από το γραφείο"}},
	{"Greek", providers, []string{"αυτοματη απαντηση", "αυτόματη απόκριση"}},
	{"Albanian", outlook, []string{"përgjigje automatike"}},
	{"Lithuanian", outlook, []string{"automatinis atsakymas"}},
	{"Lithuanian", others, []string{"ne biure"}},
	{"Latvian", outlook, []string{"automātiska atbilde", "automātiskā atbilde"}},
	{"Latvian", others, []string{"ārpus biroja"}},
	{"Estonian", outlook, []string{"automaatvastus", "automaatne vastus"}},
	{"Estonian", others, []string{"kontorist väljas"}},
	{"Irish", outlook, []string{"freagra uathoibríoch"}},
	{"Maltese", outlook, []string{"tweġiba awtomatika"}},
	{"Welsh", outlook, []string{"ateb awtomatig", "ymateb awtomatig"}},
	{"Turkish", outlook, []string{"otomatik yanıt", "otomatik yanit"}},
	{"Turkish", others, []string{"otomatik cevap", "ofis dışında"}},
	{"Turkish", providers, []string{"otomatik e-posta yanıtı", "ofis dışındayım"}},
	{"Azerbaijani", outlook, []string{"avtomatik cavab"}},
	{"Georgian", outlook, []string{"ავტომატური პასუხი"}},
	{"Armenian", outlook, []string{"ավտոմատ պատասխան"}},
	{"Arabic", outlook, []string{"رد تلقائي", "ردّ تلقائي", "الرد التلقائي"}},
	{"Arabic", others, []string{"خارج المكتب"}},
	{"Arabic", providers, []string{"رد آلي", "الرد الآلي", "رد اوتوماتيكي"}},
	{"Hebrew", outlook, []string{"תשובה אוטומטית", "מענה אוטומטי"}},
	{"Hebrew", others, []string{"נשלח באופן אוטומטי", "מחוץ למשרד"}},
	{"Hebrew", providers, []string{"הודעת היעדרות", "אני מחוץ למשרד"}},
	{"Persian", outlook, []string{"پاسخ خودکار"}},
	{"Persian", providers, []string{"پاسخ اتوماتیک", "خارج از دفتر"}},
	{"Urdu", outlook, []string{"خودکار جواب"}},
	{"Hindi", outlook, []string{"स्वचालित उत्तर", "स्वचालित प्रत्युत्तर"}},
	{"Hindi", providers, []string{"स्वतः उत्तर", "कार्यालय से बाहर"}},
	{"Bengali", outlook, []string{"স্বয়ংক্রিয় উত্তর", "স্বয়ংক্রিয় প্রত্যুত্তর"}},
	{"Tamil", outlook, []string{"தானியங்கு பதில்"}},
	{"Thai", outlook, []string{
		"ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ", "ข้อความตอบกลับอัตโนมัติ",
	}},
	{"Thai", others, []string{"ไม่อยู่ที่สำนักงาน"}},
	{"Thai", providers, []string{"อยู่นอกสำนักงาน", "ไม่อยู่ที่ทำงาน", "ตอบอัตโนมัติ"}},
	{"Vietnamese", outlook, []string{"trả lời tự động", "thư trả lời tự động"}},
	{"Vietnamese", others, []string{"phản hồi tự động"}},
	{"Vietnamese", providers, []string{"tự động trả lời", "vắng mặt tại văn phòng"}},
	{"Indonesian", outlook, []string{"balasan otomatis", "jawaban otomatis"}},
	{"Indonesian", others, []string{"di luar kantor"}},
	{"Malay", outlook, []string{"balasan automatik"}},
	{"Filipino", outlook, []string{"awtomatikong tugon"}},
	{"Simplified Chinese", outlook, []string{"自动答复"}},
	{"Simplified Chinese", others, []string{"自动回复", "外出自动回复", "不在办公室", "外出中"}},
	{"Simplified Chinese", providers, []string{"自动应答", "休假自动回复", "假期自动回复", "系统自动回复"}},
	{"Traditional Chinese", outlook, []string{"自動回覆"}},
	{"Traditional Chinese", others, []string{"自動回復", "自動答覆", "不在辦公室"}},
	{"Traditional Chinese", providers, []string{"自動應答", "外出自動回覆", "休假自動回覆"}},
	{"Japanese", outlook, []string{"自動応答"}},
	{"Japanese", others, []string{
		"自動返信", "自動返信メール", "自動応答メール", "不在通知", "不在のお知らせ",
	}},
	{"Japanese", providers, []string{"自動返信のお知らせ", "不在自動応答"}},
	{"Korean", outlook, []string{"자동 회신"}},
	{"Korean", others, []string{
		"자동 응답", "자동응답", "자동회신", "부재 중", "부재중", "부재중 자동응답", "부재 중 자동 회신",
	}},
	{"Korean", providers, []string{"자동 답장", "자동답장", "부재중 메시지", "부재중 안내", "부재 알림"}},
	{"Afrikaans", outlook, []string{"outomatiese antwoord"}},
	{"Swahili", outlook, []string{"jibu la kiotomatiki", "jibu otomatiki"}},
	{"Marathi", outlook, []string{"स्वयंचलित उत्तर", "स्वयंचलित प्रत्युत्तर"}},
	{"Gujarati", outlook, []string{"સ્વચાલિત જવાબ", "સ્વચાલિત પ્રત્યુત્તર"}},
	{"Punjabi", outlook, []string{"ਸਵੈਚਲਿਤ ਜਵਾਬ", "ਸਵੈਚਾਲਿਤ ਜਵਾਬ"}},
	{"Telugu", outlook, []string{"స్వయంచాలక ప్రత్యుత్తరం", "స్వయంచాలక జవాబు"}},
	{"Kannada", outlook, []string{"ಸ್ವಯಂಚಾಲಿತ ಪ್ರತ್ಯುತ್ತರ", "ಸ್ವಯಂಚಾಲಿತ ಉತ್ತರ"}},
	{"Malayalam", outlook, []string{"സ്വയമേവയുള്ള മറുപടി", "യാന്ത്രിക മറുപടി"}},
	{"Nepali", outlook, []string{"स्वचालित जवाफ"}},
	{"Khmer", outlook, []string{"ការឆ្លើយតបស្វ័យប្រវត្តិ", "ឆ្លើយតបស្វ័យប្រវត្តិ"}},
	{"Lao", outlook, []string{"ຕອບກັບອັດຕະໂນມັດ", "ການຕອບກັບອັດຕະໂນມັດ"}},
	{"Uzbek", outlook, []string{"avtomatik javob", "автоматик жавоб"}},
	{"Kyrgyz", outlook, []string{"автоматтык жооп"}},
	{"Mongolian", outlook, []string{"автомат хариу"}},
	{"Luxembourgish", outlook, []string{"automatesch äntwert"}},
	{"Amharic", outlook, []string{"ራስ-ሰር ምላሽ"}},
}

// absenceForms are all of them.
var absenceForms = formsOf(absenceWordings)

func formsOf(wordings []wording) map[string]bool {
	set := map[string]bool{}
	for _, w := range wordings {
		for _, form := range w.forms {
			set[form] = true
		}
	}
	return set
}
