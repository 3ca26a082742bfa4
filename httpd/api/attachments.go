package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"gatepost/httpd"
	"gatepost/message"
)

// How much of a message is read for the API, in octets. A page of a hundred large ones must
// cost no more than one of them shown alone.
const (
	listedMail = 256 << 10 // for a list; of a longer one the attachments are not listed there
	wholeMail  = 1 << 40
	maxContent = 256 << 10 // of text
)

// An attachment is a part of a message that is not its text, as the vendor shows it.
type attachment struct {
	ID          string `json:"id"`
	FileName    string `json:"file_name"`
	ContentType string `json:"content_type"` // what the sender says; it is served as octets
	Size        int64  `json:"size"`
	ContentURL  string `json:"content_url"`
	Inline      bool   `json:"inline"`
}

func (s *handlers) attachmentOperations() []operation {
	return append(tagged("suspended tickets", []operation{
		{pattern: "POST /api/v2/suspended_tickets/{id}/attachments",
			role: httpd.Agent, handler: s.uploadAttachments,
			id:      "listSuspendedAttachments",
			summary: "The attachments of a held message; the token names them and opens nothing",
			gives: answers("the attachments",
				fields{"upload": fields{"token": "string", "attachments": "[]Attachment"}})},
	}), tagged("attachments", []operation{
		{pattern: "GET /api/v2/attachments/{id}/{number}",
			role: httpd.EndUser, handler: s.downloadAttachment,
			id: "downloadAttachment",
			summary: "One attachment of a held message or a ticket, to be saved; an end-user has " +
				"those of their own tickets",
			gives: answersFile("its octets", "application/octet-stream")},
	})...)
}

// content is the text of a message as far as most octets of its body read, and its
// attachments unless it is longer.
func (s *handlers) content(r *http.Request, id, size, most int64) (
	text string, files []attachment, err error) {
	l, err := s.Open(r.Context(), id)
	if err != nil {
		return "", nil, err
	}
	text, found := l.Message.Text(io.LimitReader(l.Body(), most), maxContent)
	if size <= most {
		files = s.attachments(r, id, found)
	}
	return text, files, l.Close()
}

// attachments are those of a held message, a ticket or a comment, numbered from 1.
func (s *handlers) attachments(r *http.Request, id int64, files []message.Attachment) []attachment {
	list := make([]attachment, len(files))
	for i, f := range files {
		list[i] = attachment{ID: fmt.Sprintf("%d-%d", id, i+1), FileName: httpd.SafeName(f.Name, i),
			ContentType: f.Type, Size: f.Size,
			ContentURL: fmt.Sprintf("%s/api/v2/attachments/%d/%d", s.base(r), id, i+1)}
	}
	return list
}

// uploadAttachments lists the attachments of a held message. The token names them and
// opens nothing: they are downloaded with the caller's own rights.
func (s *handlers) uploadAttachments(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	t, err := s.oneSuspended(r)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"upload": map[string]any{
		"token": t.DecisionID, "attachments": t.Attachments}})
}

// downloadAttachment gives one attachment of a held message, a ticket or a comment, to staff, or
// of their own ticket to an end-user.
func (s *handlers) downloadAttachment(w http.ResponseWriter, r *http.Request,
	c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return httpd.ErrNotFound
	}
	if !httpd.Agent.Admits(c) {
		if err := s.OwnMessage(r, c, id); err != nil {
			return err
		}
	}
	l, err := s.Open(r.Context(), id)
	if err != nil {
		return err
	}
	return errors.Join(l.WriteAttachment(w, number-1), l.Close())
}
