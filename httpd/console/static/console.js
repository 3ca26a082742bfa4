// What makes the console live: keys, messages that open beside the list, new mail that appears,
// errors while one types. Every page works without it.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

for (const e of $$(".needs-script")) e.hidden = false;
localize();
const did = forgetDeed();
$(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// forgetDeed takes what was just done out of the address, so that a reload does not say it
// again. It tells whether anything was.
function forgetDeed() {
	const url = new URL(location.href);
	if (!url.searchParams.has("did")) return false;
	for (const name of ["did", "n", "ticket", "profiles", "changed", "undelete", "left", "audit"]) url.searchParams.delete(name);
	history.replaceState(history.state, "", url);
	return true;
}

// localize says when in the time of whoever looks. In UTC it is said on hover.
function localize() {
	const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
	for (const e of $$("time:not([data-local])")) {
		const said = local.format(new Date(e.dateTime));
		e.dataset.local = said;
		if (e.classList.contains("at")) [e.title, e.textContent] = [e.textContent, said];
		else e.title = `${said} (${e.title})`;
	}
	for (const e of $$("title[data-at]:not([data-local])")) {
		e.dataset.local = local.format(new Date(e.dataset.at));
		e.textContent = `${e.dataset.local} (${e.textContent})`;
	}
}

// Pages are fetched whole, and the parts that changed are put in their place.
async function fetchPage(url) {
	return (await look(url)).page;
}

// What is being fetched is given up when a form is sent: the answer to that is the next page,
// and what it did is not to be found missing by this one.
let leaving = new AbortController();

// What is fetched by itself says so: a page that is left open does not keep one signed in.
const byItself = { "Gatepost-Refresh": "1" };

// look fetches a page. What was open is gone if it is not found, or leads somewhere else.
async function look(url, more = {}) {
	const answer = await fetch(url, { headers: { Accept: "text/html", ...more },
		credentials: "same-origin", signal: leaving.signal });
	const gone = [404, 410].includes(answer.status) || answer.redirected;
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	return { gone, page: answer.ok && !answer.redirected && $("#rows", page) ? page : null };
}

function put(page, selector) {
	const here = $(selector), there = $(selector, page);
	if (here && there) here.replaceWith(document.adoptNode(there));
}

// Where one is in the list: on which message, and how far down it stood last.
let at = null, spot = 0;
const rows = () => $$("#rows > li[data-id]");
const row = (id) => rows().find((r) => r.dataset.id === id);
const openRow = () => $("#rows > li.is-open");

function go(to) {
	at = to.dataset.id;
	mark();
	to.scrollIntoView({ block: "nearest" });
}

function mark() {
	rows().forEach((r, i) => {
		if (r.classList.toggle("is-at", r.dataset.id === at)) spot = i;
	});
}

function step(by) {
	const all = rows();
	if (all.length === 0) return;
	const from = row(at) || openRow();
	// Where a message was that is gone, the next one is now.
	const i = from ? all.indexOf(from) + by : spot + Math.min(by, 0);
	const to = all[Math.max(0, Math.min(all.length - 1, i))];
	go(to);
	// On a narrow screen the message lies over the list, so the mark alone would not be seen.
	if (!$(".has-open")) return;
	if (to === openRow()) opening++; // one is back: what is being fetched is not wanted any more
	else open($("a", to), false);
}

// open shows a message beside the list, as a click would.
let opening = 0;
async function open(link, focus = true) {
	const mine = ++opening;
	const page = await fetchPage(link.href).catch(() => null);
	if (mine !== opening) return;
	if (!page || !$("#message", page)) { location.href = link.href; return; }
	history.pushState(null, "", link.href);
	show(page);
	if (focus) $("#message").focus({ preventScroll: true });
}

// opened is the id of the open message, which need not be in the list.
const opened = () => $(".has-open") && location.pathname.split("/").pop();

function show(page) {
	const picked = new Set(chosen().map((box) => box.value)), all = chosenAll();
	const scrolled = $(".list")?.scrollTop;
	document.title = page.title;
	$(".queue").className = $(".queue", page).className;
	for (const part of ["#rail", ".list", "#message"]) put(page, part);
	settle(picked, scrolled, all);
	at = opened() || at;
	mark();
	for (const n of $$(".notice")) n.remove();
}

// settle brings back what was chosen before the list was put anew. All that match stays what it
// was when it was chosen: what came since is not of it.
function settle(picked, scrolled, all) {
	for (const e of $$(".needs-script")) e.hidden = false;
	localize();
	for (const box of $$("#rows input[name=id]")) box.checked = picked.has(box.value);
	if (all && $("#many")) {
		$("#matching-part")?.remove();
		$("#many").append(all);
	}
	if ($(".list") && scrolled !== undefined) $(".list").scrollTop = scrolled;
	tell();
}

// What is selected.
const chosen = () => $$("#rows input[name=id]:checked");
const matching = () => $("#matching:checked");
const selected = () => matching() ? +matching().value : chosen().length;
const chosenAll = () => matching() && $("#matching-part");

function tell() {
	const n = selected(), all = $("#all");
	if ($("#selected")) $("#selected").textContent = n ? n + " selected" : "none selected";
	if (all) all.checked = n > 0 && chosen().length === rows().length;
	for (const b of $$("#many button")) b.disabled = sent || n === 0;
}

// selectAll selects all that match, or takes that back.
function selectAll() {
	const box = $("#matching") || $("#all");
	if (!box) return;
	box.checked = !box.checked;
	selectRows(box.checked);
}

function selectRows(on) {
	for (const box of $$("#rows input[name=id]")) box.checked = on;
	tell();
}

function select(r) {
	const box = r && $("input[name=id]", r);
	if (!box) return;
	box.checked = !box.checked;
	unmatch(box);
	tell();
}

// unmatch is for who takes one message out of all that match: those on the page stay selected.
function unmatch(box) {
	if (!box.checked && matching()) $("#matching").checked = false;
}

// act does what a button would: with what is selected, or with the message that is marked.
// That need not be the one that is open: it is fetched while the mark has moved on already.
function act(key, value) {
	const many = $("#many"), marked = row(at) || openRow();
	const own = $(`.actions form[data-key="${key}"]`);
	if (at && !row(at) && at !== opened() && selected() === 0) return; // somebody took it
	if (selected() > 0) many.requestSubmit($(`button[value=${value}]`, many));
	else if (!marked || marked === openRow()) own?.requestSubmit();
	else if (own) actOnRow(marked, own);
	else if (!$(".has-open")) {
		select(marked);
		many.requestSubmit($(`button[value=${value}]`, many));
	}
}

// actOnRow sends the form of the open message for another row, as if that were open.
function actOnRow(marked, own) {
	const all = rows(), i = all.indexOf(marked);
	const next = all[i + 1] || all[i - 1];
	const form = own.cloneNode(true);
	form.action = new URL($("a", marked).href).pathname;
	form.hidden = true;
	$("input[name=next]", form)?.remove();
	if (next) {
		const to = document.createElement("input");
		[to.type, to.name, to.value] = ["hidden", "next", next.dataset.id];
		form.append(to);
	}
	opening++; // what is still being fetched would change the page under the form
	document.body.append(form);
	form.requestSubmit();
}

// ask puts a question. What closed the one before may still be on its way as an event, and is
// no answer to this one.
let question = new AbortController();
function ask(text, yes) {
	const dialog = $("#confirm");
	question.abort();
	question = new AbortController();
	opening++; // what is still being fetched would take away what is asked about
	const { signal } = question;
	$("#confirm-text").textContent = text;
	$("button[value=yes]", dialog).textContent = yes;
	dialog.showModal();
	return new Promise((done) => {
		dialog.addEventListener("submit", (event) => done(event.submitter.value === "yes"), { signal });
		dialog.addEventListener("close", () => dialog.open || done(false), { signal });
	});
}

// once sees to it that a form is sent once, however often a button or a key is struck. It
// ends by itself: an answer may never come.
let sent = false, unsent = 0;
function once(form) {
	if (form.method !== "post") return;
	sent = true;
	opening++;
	leaving.abort();
	// Not at once: what is disabled is not sent, and a button may have a value.
	setTimeout(() => { for (const b of submits()) b.disabled = sent; });
	clearTimeout(unsent);
	unsent = setTimeout(again, 10000);
}

const submits = () => $$("form[method=post] button");

function again() {
	if (sent) {
		leaving = new AbortController();
		if ($(".queue")) renew(); // what came meanwhile
	}
	sent = false;
	for (const b of submits()) b.disabled = false;
	tell();
}

// A page that is come back to may be as it was left.
addEventListener("pageshow", again);

// manyQuestion asks before several messages are deleted, or more than the page shows recovered.
function manyQuestion(form, button) {
	if (form !== $("#many") || selected() < 2) return "";
	if (button?.value === "delete") return `Delete ${selected()} messages?`;
	return matching() ? `Recover ${selected()} messages? Each becomes a ticket.` : "";
}

document.addEventListener("submit", async (event) => {
	// Not form.id: the boxes of the list are called that.
	const form = event.target;
	if (sent && form.method === "post") { event.preventDefault(); return; }
	const text = manyQuestion(form, event.submitter) || form.dataset.confirm;
	const sure = form.dataset.sure;
	delete form.dataset.sure;
	if (!text || sure) { once(form); return; }
	event.preventDefault();
	const verb = event.submitter?.value === "recover" ? "Recover" : "Delete";
	if (!await ask(text, form.dataset.yes || verb)) return;
	form.dataset.sure = "1";
	form.requestSubmit(event.submitter);
});

document.addEventListener("click", (event) => {
	const link = event.target.closest("#rows > li > a");
	const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
	if (link && plain) {
		event.preventDefault();
		if (sent) return;
		go(link.parentElement); // a key that is faster than the page is for this message
		open(link);
	}
	// The next page may be there before a double click ends, with a button at the same place.
	if (event.detail > 1 && event.target.closest("form[method=post] button")) event.preventDefault();
	if (event.target.closest("#show-help")) $("#help").showModal();
});

document.addEventListener("change", (event) => {
	const box = event.target;
	if (box.id === "all" || box.id === "matching") selectRows(box.checked);
	if (box.id === "sort") box.form.requestSubmit();
	if (box.matches("#all, #rows input")) {
		unmatch(box);
		tell();
	}
});

addEventListener("popstate", async () => {
	const mine = ++opening;
	const page = $(".queue") && await fetchPage(location.href).catch(() => null);
	if (mine !== opening) return;
	if (page && $(".queue", page)) show(page);
	else location.reload();
});

// back leads from a message to the list.
function back() {
	const link = $(".has-open .back a");
	if (!link) return;
	opening++; // what is still being fetched would lead elsewhere
	location.href = link.href;
}

const keys = {
	j: () => step(1),
	k: () => step(-1),
	x: () => select(row(at) || openRow()),
	r: () => act("r", "recover"),
	"#": () => act("#", "delete"),
	"*": selectAll,
	u: () => $("#undelete, .undo")?.requestSubmit(),
	"/": () => ($("#q") || $("input[type=search]"))?.focus(),
	"?": () => $("#help")?.showModal(),
	Enter: () => row(at) && open($("a", row(at))),
	Escape: back,
};

document.addEventListener("keydown", (event) => {
	const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
	if (event.key === "Escape" && typing) typing.blur();
	if (event.ctrlKey || event.metaKey || event.altKey || typing || $("dialog[open]")) return;
	if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
	if (!Object.hasOwn(keys, event.key)) return;
	if (event.key !== "Escape") event.preventDefault();
	// To lead elsewhere while a form is on its way would stop it.
	if (sent) return;
	// A key that is held goes through the list, and does nothing else.
	if (event.repeat && event.key !== "j" && event.key !== "k") return;
	keys[event.key]();
});

// Errors while one types.
function watch(field) {
	let timer = 0, last = 0;
	field.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(async () => {
			const mine = ++last;
			const body = new URLSearchParams({ list: field.dataset.check, text: field.value });
			const answer = await fetch("/rules/check", { method: "POST", body }).catch(() => null);
			if (answer?.redirected || answer?.status === 403) explain();
			if (!answer?.ok || answer.redirected || mine !== last) return;
			const part = new DOMParser().parseFromString(await answer.text(), "text/html").body;
			const place = document.getElementById(field.id + "-problems");
			field.setAttribute("aria-invalid", String(part.children.length > 0));
			place.replaceChildren(...part.childNodes);
		}, 300);
	});
}
for (const field of $$("[data-check]")) watch(field);

// What the lists would do, while one types.
function tryLists(place) {
	const form = place.closest("form");
	let timer = 0, last = 0;
	form.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(async () => {
			const mine = ++last;
			const body = new URLSearchParams(new FormData(form));
			const answer = await fetch(place.dataset.try, { method: "POST", body }).catch(() => null);
			if (!answer?.ok || answer.redirected || mine !== last) return;
			const part = new DOMParser().parseFromString(await answer.text(), "text/html").body;
			place.replaceChildren(...part.childNodes);
		}, 600);
	});
}
if ($("[data-try]")) tryLists($("[data-try]"));

// New mail. The list is fetched anew and the message that is open stays as it is.
function follow(path) {
	const live = $("#live");
	const source = new EventSource(path);
	for (const name of ["message", "new", "recovered", "deleted", "counts"]) {
		source.addEventListener(name, renew);
	}
	const state = (on) => {
		if (!live) return;
		live.dataset.state = on ? "on" : "off";
		live.textContent = on ? "live" : "not live";
	};
	source.addEventListener("open", () => state(true));
	source.addEventListener("error", () => {
		state(false);
		if (source.readyState === EventSource.CLOSED) explain();
	});
	addEventListener("pagehide", () => {
		source.close();
		addEventListener("pageshow", () => follow(path), { once: true });
	}, { once: true });
}

// explain says why nothing more comes, if it is because one is not let in any more.
async function explain() {
	const answer = await fetch("/api/v2/users/me", { headers: byItself }).catch(() => null);
	if ($("#shut") || ![401, 403].includes(answer?.status)) return;
	const said = document.createElement("p");
	said.id = "shut";
	said.className = "error";
	said.setAttribute("role", "alert");
	if (answer.status === 403) said.textContent = "You may not come from here any more.";
	else {
		const link = document.createElement("a");
		link.href = "/sign-in?next=" + encodeURIComponent(location.pathname + location.search);
		link.textContent = "sign in again";
		said.append("Your session has ended: ", link, ".");
	}
	$("#main").before(said);
}

let timer = 0;
function renew() {
	clearTimeout(timer);
	timer = setTimeout(refresh, 150);
}

// What is pressed stays until it is let go: a click is on what is there at both its ends.
let pressed = false;
addEventListener("pointerdown", (event) => { pressed = event.button === 0; }, true);
for (const end of ["pointerup", "pointercancel", "contextmenu"]) {
	addEventListener(end, () => { pressed = false; }, true);
}
const busy = () => pressed || $("dialog[open]");

// One at a time: an older answer may come behind a newer one.
let looking = false;
async function refresh() {
	if (busy() || looking) return renew();
	const before = new Set(rows().map((r) => r.dataset.id)), mine = opening;
	const here = location.href;
	looking = true;
	const { page, gone } = await lookAgain().catch(() => ({}));
	looking = false;
	if (sent) return; // it was given up
	if (!page || !$(".queue", page)) return explain();
	// What one did meanwhile is not to be undone, nor another message be called gone.
	if (mine !== opening || here !== location.href || busy()) return renew();
	if (gone) bury();
	const picked = new Set(chosen().map((box) => box.value)), all = chosenAll();
	const focused = document.activeElement?.closest("#rows > li")?.dataset.id;
	if (!$("#many", page)) $("#many")?.remove();
	else if (!$("#many")) $("#rows").before($("#many", page));
	else if (!all) putMatching(page);
	for (const part of ["#rail", "#rows"]) put(page, part);
	$(".list > .paging")?.remove();
	$(".list").append(...$$(".list > .paging", page));
	settle(picked, $(".list").scrollTop, all);
	for (const r of rows()) r.classList.toggle("is-new", !before.has(r.dataset.id));
	document.title = page.title;
	if ($(".is-new")) unseen = true;
	noteUnseen();
	mark();
	if (focused && row(focused)) $("a", row(focused)).focus({ preventScroll: true });
}

// putMatching says how many match now.
function putMatching(page) {
	$("#matching-part")?.remove();
	$("#many").append(...$$("#matching-part", page));
}

// What came while one looks elsewhere is marked in the title of the page until one is back.
let unseen = false;
function noteUnseen() {
	if (document.hasFocus()) unseen = false;
	document.title = (unseen ? "• " : "") + document.title.replace(/^• /, "");
}
addEventListener("focus", noteUnseen);

// lookAgain fetches the page that is shown. If the message that is open is gone, the list
// beside it lives on.
async function lookAgain() {
	const list = $(".has-open .back a")?.href;
	const seen = $(".gone") ? { gone: true } : await look(location.href, byItself);
	if (!seen.gone || !list) return seen;
	return { gone: true, page: (await look(list, byItself)).page };
}

// bury says that the open message is gone. It may still be read, and nothing done with it.
function bury() {
	if ($(".gone")) return;
	const said = document.createElement("p");
	said.className = "error gone";
	said.setAttribute("role", "alert");
	said.textContent = "Somebody has handled it: this message is not held any more.";
	const held = $(".actions")?.contains(document.activeElement);
	for (const e of $$(".message .actions, .message .remarks")) e.remove();
	$(".message .back").after(said);
	if (held) $("#message").focus({ preventScroll: true });
}

tell();
if ($(".queue") && document.body.dataset.events) follow(document.body.dataset.events);
