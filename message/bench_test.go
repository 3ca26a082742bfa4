package message

import (
	"strings"
	"testing"
)

// ordinary is a header section of 1 KB as it comes from the provider of a customer.
var ordinary = []byte(strings.ReplaceAll(`Received: from out.acme.test (out.acme.test [192.0.2.10])
	by mx.example.com (Postfix) with ESMTPS id 4F1Ck23dQz9sTl
	for <support@example.com>; Mon, 23 Nov 2026 10:15:04 +0000 (UTC)
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=acme.test; s=k1;
	h=from:to:subject:date:message-id:mime-version:content-type;
	bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;
	b=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4
	 Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4=
From: Ann Lee <ann.lee@acme.test>
To: Support <support@example.com>
Subject: The lamp on the second floor flickers
Date: Mon, 23 Nov 2026 10:15:03 +0000
Message-ID: <CA+7f9zq1x3c5v7b9n1m@mail.acme.test>
In-Reply-To: <ticket-4711@example.com>
References: <ticket-4710@example.com> <ticket-4711@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

`, "\n", "\r\n"))

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Parse(ordinary)
	}
}

func BenchmarkSender(b *testing.B) {
	m := Parse(ordinary)
	b.ReportAllocs()
	for b.Loop() {
		m.Sender()
	}
}

func BenchmarkParseAddress(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseAddress("Ann.Lee@acme.test"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostile is the most that one header section can cost.
func BenchmarkHostile(b *testing.B) {
	for name, value := range map[string]string{
		"quotes":   strings.Repeat(`"\`, 120000),
		"comments": strings.Repeat("(,", 120000),
		"words":    strings.Repeat("=?x?b?!", 35000) + "?=",
		"commas":   strings.Repeat("a@b.test,", 28000),
		"fold":     strings.Repeat("\r\n x", 60000),
	} {
		head := []byte("From: " + value + "\r\nReply-To: x\r\n\r\n")
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m := Parse(head)
				m.Sender()
				m.ReplyTo()
			}
		})
	}
}
