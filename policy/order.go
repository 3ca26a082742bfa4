// Package policy decides what becomes of a message: ticket, suspend, reject or defer. It is
// a function of the facts it is given; it does no I/O and does not know the time.
//
// The rules are asked in this order and the first verdict wins.
//
// Of the message:
//
//	readable            it cannot be read as mail: suspend
//	one From address    there is no single readable From address: suspend
//	proof               is it from its From domain? It never decides by itself; where the
//	                    proof that is asked for is missing, nothing below that favours the
//	                    sender counts, and what is held or dropped for that reason alone is
//	                    suspended
//
// Of the address in From:
//
//	suspended profile   its profile is suspended: suspend
//	suspend: entry      a suspend: entry matches: suspend
//	reject: address     a reject: entry for the address matches: reject; suspend if a plain
//	                    entry matches too
//	reject: domain      a reject: entry for the domain matches: reject; suspend if the list
//	                    has * or a plain entry matches too
//	allowlist           the allowlist has the address or its domain: let it pass
//	organisation        an organisation has the address or its domain: let it pass, as the
//	                    allowlist does
//	blocklist           a plain entry matches: suspend
//	wildcard            the blocklist has * and the address has no profile: suspend
//
// Of the message again, each with a switch of its own:
//
//	Reply-To            one of the rules above but the last holds or rejects another address
//	                    in Reply-To, or not every address in it can be read: suspend
//	failed_email_authentication  its From domain asks to hold what it is not proven to send
//	server_lock         it did not come through a relay of ours
//	loop                we have seen it before, or too many machines have
//	from_support_address  From is an address of ours
//	auto_delivery_failure  it reports that mail was not delivered
//	system_user         From is no person but a mail system
//	auto_vacation       it says that somebody is away
//	auto_mailer         a machine wrote it (*)
//	from_noreply        From takes no answers (*)
//	to_noreply          it is for an address of ours that nobody reads
//	number_recipients_exceeded  To and Cc name more than 48 addresses
//	blank               it has no subject, no text and no attachment
//	other_user_update   it replies to a ticket, and who sent it has a profile, and is not on
//	                    that ticket
//	unknown_user_update  it replies to a ticket, and a stranger sent it, or somebody may have
//	                    who only claims to be on that ticket
//	unauthenticated_email_update  it replies to a ticket, and bears a reply token of another,
//	                    or one that is none, or none where one is asked for
//	malware_detected    ClamAV finds something in it, or could not look
//	spam                a relay of ours marks it, or rspamd does, or could not look (*)
//	rate                too many of this sender's messages were stored within the hour:
//	                    suspend, and defer above twice as many (ten times as many pass);
//	                    of strangers whom * holds twice as many are held
//	pass                a ticket; a comment, if it replies to a ticket that its sender is on
//
// A scanner is asked only if nothing else holds the message.
//
// The three of a reply are asked only if the ticket that it names is known.
//
// What is marked (*) is lifted from a sender that is allowed. If the blocklist has * and
// an address has a profile, its entries with a keyword on the full address are left out.
//
// What an address of ours sent in the name of one other person is judged as that person's,
// with nothing that favours it (see Author).
package policy

// messageRules are asked of the message, in the order of the package comment.
var messageRules = [...]rule[*Facts]{
	{"readable", readableMail, whyUnreadable},
	{"one From address", oneFrom, whyAmbiguous},
}

// addressRules are asked of one address, in the order of the package comment.
var addressRules = [...]rule[hits]{
	{"suspended profile", suspendedProfile, whySuspendedProfile},
	{"suspend: entry", suspendEntry, whySuspendEntry},
	{"reject: address", rejectAddress, whyReject},
	{"reject: domain", rejectDomain, whyReject},
	{"allowlist", allowlisted, whyAllowed},
	{"organisation", ofOrganization, whyOfOrganization},
	{"blocklist", blocklisted, whyBlocked},
	{"wildcard", wildcard, whyWildcard},
}

// A Cause says why a message is held, in the vendor's terms. The zero Cause is none.
type Cause uint8

// The causes: first those that the rules above find, then those that are asked of mail that
// nothing else holds, in the order of the package comment. Scripts and the store know them by
// name, so that another one may stand anywhere.
const (
	NoCause Cause = iota
	Unprocessable
	AmbiguousSender
	Blocklisted
	NotOnAllowlist

	FailedAuthentication
	ServerLock
	Loop
	FromSupportAddress
	AutoDeliveryFailure
	SystemUser
	AutoVacation
	AutoMailer
	FromNoReply
	ToNoReply
	TooManyRecipients
	Blank
	OtherUpdate
	UnknownUpdate
	UnauthenticatedUpdate
	Malware
	Spam
	causeEnd
)

// firstAsked is the first cause that is asked of mail that nothing else holds.
const firstAsked = FailedAuthentication

// noID marks a cause of our own, which the vendor does not number.
const noID = -1

// A causeRow is all that is known of one cause.
type causeRow struct {
	id       int    // the vendor's number
	name     string // the vendor's name
	label    string // what people who work with it all day call it
	says     string // of a message, before the evidence that shows it
	switched bool   // a setting under its name switches it off
	lifted   bool   // from a sender that is allowed
	profile  bool   // to recover what it holds gives the sender a profile: no robot, no forger

	ask    func(*Policy, *Facts, standing, Cause) verdict // shown if nil
	fields []headerCheck                                  // that no other cause looks at
}

// causes are the table of them. Names and numbers are what scripts and the API depend on.
var causes = [causeEnd]causeRow{
	NoCause: {id: noID},
	Unprocessable: {id: 19, name: "unprocessable_email", label: "Unreadable",
		says: "it cannot be read as mail", switched: true},
	AmbiguousSender: {id: noID, name: "ambiguous_sender", label: "Ambiguous sender",
		says: "no single From address can be read"},
	Blocklisted: {id: 13, name: "blocklisted", label: "Blocklisted",
		says: "an entry of the blocklist holds it", profile: true},
	NotOnAllowlist: {id: 1, name: "not_on_whitelist", label: "Not on the allowlist",
		says: "the blocklist has * and the sender is new", profile: true},

	FailedAuthentication: {id: 26, name: "failed_email_authentication", label: "Not authenticated",
		says: "it is not proven to be from its sender", switched: true, ask: unauthentic},
	ServerLock: {id: 17, name: "server_lock", label: "Not through a relay",
		says: "it did not come through a relay of ours", profile: true, ask: locked},
	Loop: {id: 4, name: "loop", label: "Mail loop", says: "it goes round in a circle",
		switched: true, profile: true},
	FromSupportAddress: {id: 22, name: "from_support_address", label: "From ourselves",
		says: "it claims to be from ourselves", switched: true},
	AutoDeliveryFailure: {id: 7, name: "auto_delivery_failure", label: "Delivery report",
		says: "it reports a delivery", switched: true,
		fields: []headerCheck{{(*reading).failing, "X-Failed-Recipients"}}},
	SystemUser: {id: 9, name: "system_user", label: "Mail system",
		says: "it is from a mail system", switched: true},
	AutoVacation: {id: 8, name: "auto_vacation", label: "Out of office",
		says: "it says that somebody is away", switched: true,
		fields: []headerCheck{{(*reading).away, "X-Vacation X-Vacation-Message X-VacationMessage"}}},
	AutoMailer: {id: 3, name: "auto_mailer", label: "Automatic mail",
		says: "a machine wrote it", switched: true, lifted: true, profile: true, ask: automatic,
		fields: []headerCheck{{(*reading).autoSubmitted, "Auto-Submitted"},
			{(*reading).precedence, "Precedence X-Precedence"},
			{(*reading).exchange, "X-MS-Exchange-Generated-Message-Source"},
			{(*reading).robot, "X-Auto-Generated X-Auto-Reply X-Auto-Reply-From " +
				"X-Auto-Response X-Autogenerated X-Autoreply X-Autoreply-From X-Autorespond " +
				"X-Autoresponder X-Autoresponse X-FC-Machinegenerated X-Mail-Autoreply"}}},
	FromNoReply: {id: 27, name: "from_noreply", label: "From a no-reply address",
		says: "no answer can reach its sender", switched: true, lifted: true},
	ToNoReply: {id: 16, name: "to_noreply", label: "To a no-reply address",
		says: "it is for an address that nobody reads", switched: true, profile: true},
	TooManyRecipients: {id: 30, name: "number_recipients_exceeded", label: "Too many recipients",
		says: "it is for too many", switched: true, profile: true},
	Blank: {id: 11, name: "blank", label: "Blank", says: "there is nothing in it",
		switched: true, profile: true},
	OtherUpdate: {id: 6, name: "other_user_update", label: "Reply of another person",
		says: "it replies to a ticket that its sender is not on", switched: true, profile: true,
		ask: otherUpdate},
	UnknownUpdate: {id: 5, name: "unknown_user_update", label: "Reply of a stranger",
		says:     "it replies to a ticket, and its sender is unknown or not proven",
		switched: true, profile: true, ask: unknownUpdate},
	UnauthenticatedUpdate: {id: 20, name: "unauthenticated_email_update",
		label: "Reply without its token", says: "it replies to a ticket without the token of that",
		switched: true, profile: true, ask: tokenless},
	Malware: {id: 25, name: "malware_detected", label: "Malware", says: "it may be harmful",
		switched: true, ask: scanned},
	Spam: {id: 0, name: "spam", label: "Spam or suspended", says: "a filter of ours marks it as spam",
		switched: true, lifted: true, profile: true, ask: scanned},
}

// A ruleID is the place of a rule in the package comment, counted from 1.
type ruleID uint8

const (
	ruleProof      = ruleID(len(messageRules) + 1)
	firstOfAddress = ruleProof + 1
	ruleWildcard   = firstOfAddress + ruleID(len(addressRules)) - 1
	ruleReplyTo    = firstOfAddress + ruleID(len(addressRules))
	firstOfCause   = ruleReplyTo + 1
	ruleRate       = firstOfCause + ruleID(causeEnd-firstAsked)
	rulePass       = ruleRate + 1
)

// ruleOf is the rule that asks for a cause.
func ruleOf(c Cause) ruleID { return firstOfCause + ruleID(c-firstAsked) }

func (id ruleID) String() string {
	switch {
	case id == 0:
		return ""
	case id < ruleProof:
		return messageRules[id-1].name
	case id == ruleProof:
		return "proof"
	case id < ruleReplyTo:
		return addressRules[id-firstOfAddress].name
	case id == ruleReplyTo:
		return "Reply-To"
	case id < ruleRate:
		return causes[firstAsked+Cause(id-firstOfCause)].name
	case id == ruleRate:
		return "rate"
	}
	return "pass"
}
