package policy

// A Cause says why a message is held, in the vendor's terms. The zero Cause is none.
type Cause uint8

const (
	NoCause Cause = iota
	Spam
	NotOnAllowlist
	AutoMailer
	Loop
	AutoDeliveryFailure
	AutoVacation
	SystemUser
	Blank
	Blocklisted
	ToNoReply
	ServerLock
	Unprocessable
	FromSupportAddress
	FailedAuthentication
	FromNoReply
	TooManyRecipients
	AmbiguousSender
	causeEnd
)

// noID marks a cause of our own, which the vendor does not number.
const noID = -1

// causes are the names and numbers that scripts and the API depend on, and what each says.
var causes = [...]struct {
	id   int
	name string
	says string
}{
	NoCause:              {noID, "", ""},
	Spam:                 {0, "spam", "a relay of ours marks it as spam"},
	NotOnAllowlist:       {1, "not_on_whitelist", "the blocklist has * and the sender is new"},
	AutoMailer:           {3, "auto_mailer", "a machine wrote it"},
	Loop:                 {4, "loop", "it goes round in a circle"},
	AutoDeliveryFailure:  {7, "auto_delivery_failure", "it reports a delivery"},
	AutoVacation:         {8, "auto_vacation", "it says that somebody is away"},
	SystemUser:           {9, "system_user", "it is from a mail system"},
	Blank:                {11, "blank", "there is nothing in it"},
	Blocklisted:          {13, "blocklisted", "an entry of the blocklist holds it"},
	ToNoReply:            {16, "to_noreply", "it is for an address that nobody reads"},
	ServerLock:           {17, "server_lock", "it did not come through a relay of ours"},
	Unprocessable:        {19, "unprocessable_email", "it cannot be read as mail"},
	FromSupportAddress:   {22, "from_support_address", "it claims to be from ourselves"},
	FailedAuthentication: {26, "failed_email_authentication", "it is not proven to be from its sender"},
	FromNoReply:          {27, "from_noreply", "no answer can reach its sender"},
	TooManyRecipients:    {30, "number_recipients_exceeded", "it is for too many"},
	AmbiguousSender:      {noID, "ambiguous_sender", "no single From address can be read"},
}

// String is the vendor's name of the cause, "" for none.
func (c Cause) String() string {
	if int(c) >= len(causes) {
		return ""
	}
	return causes[c].name
}

// ID is the vendor's number of the cause; ok is false where there is none.
func (c Cause) ID() (id int, ok bool) {
	if int(c) >= len(causes) || causes[c].id == noID {
		return 0, false
	}
	return causes[c].id, true
}

// ParseCause is the cause of that name; ok is false if there is none.
func ParseCause(name string) (c Cause, ok bool) {
	for i, known := range causes {
		if name != "" && known.name == name {
			return Cause(i), true
		}
	}
	return NoCause, false
}
