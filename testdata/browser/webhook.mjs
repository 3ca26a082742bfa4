// What a receiver of webhooks does: it verifies a request with the library of the specification
// and reads the JSON. It gets requests and secrets on its input, and prints for each what it read,
// or why it refuses it.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const requests = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(requests.map(({ secret, header, body }) => {
	try {
		return { read: new Webhook(secret).verify(body, header) };
	} catch (e) {
		return { refused: e.message };
	}
})));
