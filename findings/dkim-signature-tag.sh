#!/usr/bin/env bash
# go-msgauth takes "b=" within another tag of a DKIM signature for the signature itself.
#
# The signature of a message covers its own field without the value of the tag b= (RFC 6376,
# section 3.7). A tag z= with copies of header fields holds the characters "b=", too, as soon
# as a word in it ends in b: a blank is written "=20". go-msgauth v0.7.0 removes what follows
# them as well and calls the signature wrong; mailauth 4.13.3 verifies it. Both verify the
# same message with another word in z=.
#
# Needs Go, node and npm. Everything is installed in a temporary folder. Fails if either
# package comes to another result.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
export GOMODCACHE=$work/modules GOFLAGS=-mod=mod

cat >main.go <<'GO'
// Signs a message twice, with a z= that holds "b=" and with one that does not, and asks
// go-msgauth about both. The key is made here; key.txt has what its owner publishes.
package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/emersion/go-msgauth/dkim"
)

const body = "One line.\r\n"

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func sign(key *rsa.PrivateKey, z string) []byte {
	b64 := base64.StdEncoding.EncodeToString
	hash := sha256.Sum256([]byte(body))
	field := "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=acme.example; s=s1; h=From; " +
		"z=" + z + "; bh=" + b64(hash[:]) + "; b="
	from := "From: Ann <ann@acme.example>\r\n"
	signed := sha256.Sum256([]byte(from + field))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, signed[:])
	check(err)
	return []byte(field + b64(signature) + "\r\n" + from + "\r\n" + body)
}

func main() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	check(err)
	record := "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)
	check(os.WriteFile("key.txt", []byte(record), 0o600))
	// The values are dkim-quoted-printable: copies of "Subject: hello" and "Subject: web page".
	for _, m := range []struct{ name, z string }{
		{"without", "Subject:=20hello"}, {"with", "Subject:=20web=20page"},
	} {
		name, z := m.name, m.z
		message := sign(key, z)
		check(os.WriteFile(name+".eml", message, 0o600))
		found, err := dkim.VerifyWithOptions(bytes.NewReader(message), &dkim.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
		check(err)
		fmt.Printf("go-msgauth %s: %v\n", name, found[0].Err)
	}
}
GO

cat >verify.mjs <<'JS'
import { readFileSync } from "node:fs";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
const record = readFileSync("key.txt", "utf8");
for (const name of ["without", "with"]) {
  const found = await dkimVerify(readFileSync(name + ".eml"), {
    resolver: async () => [[record]],
  });
  console.log(`mailauth ${name}: ${found.results[0].status.result}`);
}
JS

go mod init finding >/dev/null 2>&1
go get github.com/emersion/go-msgauth@v0.7.0 >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts mailauth@4.13.3 >/dev/null
{
	go run .
	node verify.mjs
} | tee seen
diff - seen <<'SEEN' && echo "as found"
go-msgauth without: <nil>
go-msgauth with: dkim: signature did not verify: crypto/rsa: verification error
mailauth without: pass
mailauth with: pass
SEEN
