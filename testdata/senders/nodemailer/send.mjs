// Sends a message with nodemailer: what stands on the standard input, or one of its own making.
//
//	node send.mjs PORT TLS raw FROM TO...
//	node send.mjs PORT TLS own SUBJECT FROM TO
import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import nodemailer from "nodemailer";

const [port, tls, kind, ...rest] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: Number(port),
  requireTLS: tls === "1",
  ignoreTLS: tls !== "1",
  tls: { ca: tls === "1" ? readFileSync("/etc/gatepost/cert.pem") : undefined },
});
if (kind === "raw") {
  const [from, ...to] = rest;
  await transport.sendMail({ envelope: { from, to, use8BitMime: true }, raw: readFileSync(0) });
} else {
  const [subject, from, to] = rest;
  await transport.sendMail({
    from: { name: "Jörg Ann", address: from },
    to,
    subject,
    text: "Grüße\n.\n..\n" + "long ".repeat(400) + "\n",
    html: "<p>Grüße</p>",
    attachments: [{ filename: "größe.bin", content: randomBytes(3_000_000) }],
  });
}
