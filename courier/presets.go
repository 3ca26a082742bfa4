package courier

import "strings"

// RequestTracker is the mail gateway of Request Tracker (seen with 5.0.3). Site is the address of
// its start page. It answers 200 to everything and says in the body what became of the message;
// the same message twice is two tickets. It takes Reply-To for the requester: see
// Wrapping.WithoutReplyTo.
func RequestTracker(site, queue string) HTTPConfig {
	return HTTPConfig{
		URL:       strings.TrimSuffix(site, "/") + "/REST/1.0/NoAuth/mail-gateway",
		Body:      BodyMultipart,
		Field:     "message",
		FieldType: "application/octet-stream",
		Fields:    []Field{{Name: "queue", Value: queue}, {Name: "action", Value: "correspond"}},
		Answers: Answers{
			Done:      "200",
			DoneBody:  `^ok\b`,
			FailBody:  `^not ok\b`,
			RetryBody: `^temporary failure\b`,
		},
	}
}

// Redmine is the mail gateway of Redmine (seen with 5.0.4). Site is the address of its start page,
// key the one of its settings for incoming mail, project the identifier of the project. 422 is its
// answer to a sender it does not take and to a locked database alike: it is tried again a few
// times. An unknown sender is taken as Anonymous, and the address is not in the issue then.
func Redmine(site, key, project string) HTTPConfig {
	return HTTPConfig{
		URL:   strings.TrimSuffix(site, "/") + "/mail_handler",
		Body:  BodyMultipart,
		Field: "email",
		Fields: []Field{
			{Name: "key", Value: key, Secret: true},
			{Name: "unknown_user", Value: "accept"},
			{Name: "issue[project]", Value: project},
		},
		Answers: Answers{Done: "201", RetrySome: "422"},
	}
}
