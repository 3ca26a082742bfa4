package courier

import (
	"strings"
	"testing"
	"time"
)

// TestHTTPSettings: what cannot be is refused with words that mend it, and no secret in them.
func TestHTTPSettings(t *testing.T) {
	for _, test := range []struct {
		change func(*HTTPConfig)
		want   string
	}{
		{func(c *HTTPConfig) { c.URL = "" }, "url: it is no address of a page"},
		{func(c *HTTPConfig) { c.URL = "desk.example.com/mail" }, "write it as in https://"},
		{func(c *HTTPConfig) { c.URL = "ftp://desk.example.com/" }, "write it as in https://"},
		{func(c *HTTPConfig) { c.URL = "https:///mail" }, "write it as in https://"},
		{func(c *HTTPConfig) { c.URL = "https://a:s3cret@desk.example.com" }, "set username and password"},
		{func(c *HTTPConfig) { c.URL = "https://a:s3cret@desk.example.com:x" }, "write it as in https://"},
		{func(c *HTTPConfig) { c.URL = "https://desk.example.com/#top" }, "#top is never sent"},
		{func(c *HTTPConfig) { c.Dialer = nil }, "dialer: there is none"},
		{func(c *HTTPConfig) { c.Body = "json" }, "choose message, multipart or urlencoded"},
		{func(c *HTTPConfig) { c.Body = BodyMultipart }, "field: it is empty"},
		{func(c *HTTPConfig) { c.Field = "email" }, "set body to multipart, or take the fields out"},
		{func(c *HTTPConfig) { c.Body, c.Field, c.FieldType = BodyURLEncoded, "a", "text/plain" },
			"field_type: \"text/plain\" cannot be said"},
		{func(c *HTTPConfig) { c.Body, c.Field, c.FieldType = BodyMultipart, "a", "a\r\nb" }, "one line"},
		{func(c *HTTPConfig) { c.Body, c.Field, c.Fields = BodyMultipart, "a", []Field{{Name: "a"}} },
			"\"a\" is empty or there twice"},
		{func(c *HTTPConfig) { c.Body, c.Field, c.Fields = BodyMultipart, "a", []Field{{Value: "s3cret"}} },
			"\"\" is empty or there twice"},
		{func(c *HTTPConfig) { c.Bearer, c.Password = "s3cret", "s3cret" }, "give one of them"},
		{func(c *HTTPConfig) { c.Bearer = "s3cret\n" }, "bearer: there is a line end"},
		{func(c *HTTPConfig) { c.Username = "a:b" }, "which Basic cannot say"},
		{func(c *HTTPConfig) { c.Headers = []Field{{Name: "X Key"}} }, "is no name of a field"},
		{func(c *HTTPConfig) { c.Headers = []Field{{Name: "X-Key", Value: "s3cret\r\n"}} },
			"the value of X-Key has a line end"},
		{func(c *HTTPConfig) { c.Headers = []Field{{Name: "content-type", Value: "a"}} }, "take it out"},
		{func(c *HTTPConfig) {
			c.Bearer, c.Headers = "s3cret", []Field{{Name: "authorization", Value: "s3cret"}}
		}, "Authorization is there, and a password or bearer too"},
		{func(c *HTTPConfig) { c.Answers.Done = "2xx 302" }, "has a redirect in it"},
		{func(c *HTTPConfig) { c.Answers.Done = "100" }, "\"100\" is no status"},
		{func(c *HTTPConfig) { c.Answers.Retry = "6xx" }, "retry: \"6xx\" is no status"},
		{func(c *HTTPConfig) { c.Answers.Retry = "500-400" }, "from 200 to 599"},
		{func(c *HTTPConfig) { c.Answers.RetrySome = "4x" }, "retry_some: \"4x\" is no status"},
		{func(c *HTTPConfig) { c.Answers.DoneBody = "(" }, "done_body: \"(\" is no regular expression"},
		{func(c *HTTPConfig) { c.Answers.SomeAttempts = -1 }, "some_attempts: -1"},
		{func(c *HTTPConfig) { c.Answer = -time.Second }, "answer: -1s is less than nothing"},
	} {
		c := HTTPConfig{URL: "https://desk.example.com/mail", Dialer: loopback(t)}
		test.change(&c)
		_, err := NewHTTP(c)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v shows a secret", err)
		}
	}
}
