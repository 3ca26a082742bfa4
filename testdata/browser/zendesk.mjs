// What the vendor's users have in their scripts, with the host changed. It asserts what the
// client sees, and prints the subjects of what it recovered and deleted as JSON.
import assert from "node:assert/strict";
import zendesk from "node-zendesk";

const { GATEPOST_API: endpointUri, GATEPOST_EMAIL: username, GATEPOST_TOKEN: token } = process.env;
const held = Number(process.env.GATEPOST_HELD);
const client = zendesk.createClient({ endpointUri, username, token });
const suspended = client.suspendedtickets;

// The client follows the links from page to page.
const all = await suspended.list();
assert.equal(all.length, held);
assert.equal(new Set(all.map((t) => t.id)).size, held, "a message is listed once");
const oldest = [...all].sort((a, b) => a.id - b.id);
assert.deepEqual(oldest.map((t) => t.subject),
	Array.from({ length: held }, (_, n) => `request ${String(n).padStart(3, "0")}`));

// One: its fields are those that the vendor documents.
const [first] = oldest;
const { result: shown } = await suspended.show(first.id);
const one = shown.suspended_ticket ?? shown;
assert.equal(one.id, first.id);
assert.deepEqual(one.author, { id: null, name: "Sam 0", email: "sam0@strangers.example" });
assert.equal(one.cause_id, 1);
assert.equal(one.recipient, "support@help.test");
assert.equal(one.ticket_id, null);
assert.equal(one.content.trim(), "Hello.");
assert.equal(one.via.channel, "email");
assert.equal(one.via.source.from.address, "sam0@strangers.example");
assert.match(one.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
assert.equal(one.url, `${endpointUri}/suspended_tickets/${first.id}.json`);

// Recovering: the requester is who wrote, and doing it twice is no error.
const { result: again } = await suspended.recover(first.id);
const { result: same } = await suspended.recover(first.id);
assert.deepEqual(id(again), id(same));
const many = oldest.slice(1, 4);
await suspended.recoverMany(many.map((t) => t.id));

// Deleting.
await suspended.delete(oldest[4].id);
await suspended.destroyMany(oldest.slice(5, 8).map((t) => t.id));
for (const gone of oldest.slice(4, 8)) {
	await assert.rejects(suspended.show(gone.id), /Zendesk Error \(404\)/);
}

const left = await suspended.list();
assert.equal(left.length, held - 8);

// Organisations, whose domains count as allowed.
const { result: acme } = await client.organizations.create(
	{ organization: { name: "Acme", domain_names: ["acme.example"] } });
await client.organizations.update(acme.id,
	{ organization: { domain_names: ["acme.example", "boss@free.example"] } });
const named = await client.organizations.list();
assert.deepEqual(named.map((o) => [o.id, o.name, o.domain_names]),
	[[acme.id, "Acme", ["acme.example", "boss@free.example"]]]);
await client.organizations.delete(acme.id);
await assert.rejects(client.organizations.show(acme.id), /Zendesk Error \(404\)/);

// Somebody else's token opens nothing.
const stranger = zendesk.createClient({ endpointUri, username, token: "x".repeat(43) });
await assert.rejects(stranger.suspendedtickets.list(), /Zendesk Error \(401\)/);

const subjects = (from, to) => oldest.slice(from, to).map((t) => t.subject);
console.log(JSON.stringify({ recovered: subjects(0, 4), deleted: subjects(4, 8) }));

function id(result) {
	return [result.ticket ?? result].flat().map((t) => t.id);
}
