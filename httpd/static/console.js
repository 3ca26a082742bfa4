// What makes the console live: keys, messages that open beside the list, new mail that appears,
// errors while one types. Every page works without it.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const wide = matchMedia("(min-width: 62rem)");

for (const e of $$(".needs-script")) e.hidden = false;
forgetDeed();

// forgetDeed takes what was just done out of the address, so that a reload does not say it again.
function forgetDeed() {
	const url = new URL(location.href);
	if (!url.searchParams.has("did")) return;
	for (const name of ["did", "n", "ticket", "profiles", "changed"]) url.searchParams.delete(name);
	history.replaceState(history.state, "", url);
}

// Pages are fetched whole, and the parts that changed are put in their place.
async function fetchPage(url) {
	const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	if (!answer.ok || answer.redirected || !$("#rows", page)) return null;
	return page;
}

function put(page, selector) {
	const here = $(selector), there = $(selector, page);
	if (here && there) here.replaceWith(document.adoptNode(there));
}

// Where one is in the list.
let at = null;
const rows = () => $$("#rows > li[data-id]");
const row = (id) => rows().find((r) => r.dataset.id === id);
const openRow = () => $("#rows > li.is-open");

function go(to) {
	at = to.dataset.id;
	mark();
	to.scrollIntoView({ block: "nearest" });
}

function mark() {
	for (const r of rows()) r.classList.toggle("is-at", r.dataset.id === at);
}

function step(by) {
	const all = rows();
	if (all.length === 0) return;
	const from = row(at) || openRow();
	const i = from ? all.indexOf(from) + by : 0;
	const to = all[Math.max(0, Math.min(all.length - 1, i))];
	go(to);
	if (wide.matches && openRow()) open($("a", to), false);
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

function show(page) {
	const picked = new Set(chosen().map((box) => box.value));
	const scrolled = $(".list")?.scrollTop;
	document.title = page.title;
	$(".queue").className = $(".queue", page).className;
	for (const part of ["#rail", ".list", "#message"]) put(page, part);
	settle(picked, scrolled);
	if (openRow()) at = openRow().dataset.id;
	mark();
	for (const n of $$(".notice")) n.remove();
}

// settle brings back what was chosen before the list was put anew.
function settle(picked, scrolled) {
	for (const e of $$(".needs-script")) e.hidden = false;
	for (const box of $$("#rows input[name=id]")) box.checked = picked.has(box.value);
	if ($(".list") && scrolled !== undefined) $(".list").scrollTop = scrolled;
	tell();
}

// What is selected.
const chosen = () => $$("#rows input[name=id]:checked");

function tell() {
	const n = chosen().length, all = $("#all");
	if ($("#selected")) $("#selected").textContent = n ? n + " selected" : "none selected";
	if (all) all.checked = n > 0 && n === rows().length;
}

function select(r) {
	const box = r && $("input[name=id]", r);
	if (!box) return;
	box.checked = !box.checked;
	tell();
}

// act does with what is selected, or with the message that is open, what a button would.
function act(key, value) {
	const form = $("#many");
	if (form && chosen().length === 0 && !openRow() && row(at)) select(row(at));
	if (chosen().length > 0) form.requestSubmit($(`button[value=${value}]`, form));
	else $(`.actions form[data-key="${key}"]`)?.requestSubmit();
}

function ask(text, yes) {
	const dialog = $("#confirm");
	$("#confirm-text").textContent = text;
	$("button[value=yes]", dialog).textContent = yes;
	dialog.returnValue = "";
	dialog.showModal();
	return new Promise((done) => dialog.addEventListener("close",
		() => done(dialog.returnValue === "yes"), { once: true }));
}

document.addEventListener("submit", async (event) => {
	// Not form.id: the boxes of the list are called that.
	const form = event.target;
	const many = form === $("#many") && event.submitter?.value === "delete";
	const text = many && chosen().length > 1
		? `Delete ${chosen().length} messages? They cannot be brought back.` : form.dataset.confirm;
	const sure = form.dataset.sure;
	delete form.dataset.sure;
	if (!text || sure) return;
	event.preventDefault();
	if (!await ask(text, form.dataset.yes || "Delete")) return;
	form.dataset.sure = "1";
	form.requestSubmit(event.submitter);
});

document.addEventListener("click", (event) => {
	const link = event.target.closest("#rows > li > a");
	const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
	if (link && plain) {
		event.preventDefault();
		open(link);
	}
	if (event.target.closest("#show-help")) $("#help").showModal();
});

document.addEventListener("change", (event) => {
	if (event.target.id === "all") {
		for (const box of $$("#rows input[name=id]")) box.checked = event.target.checked;
	}
	if (event.target.id === "sort") event.target.form.requestSubmit();
	if (event.target.matches("#all, #rows input")) tell();
});

addEventListener("popstate", async () => {
	const page = $(".queue") && await fetchPage(location.href).catch(() => null);
	if (page && $(".queue", page)) show(page);
	else location.reload();
});

const keys = {
	j: () => step(1),
	k: () => step(-1),
	x: () => select(row(at) || openRow()),
	r: () => act("r", "recover"),
	"#": () => act("#", "delete"),
	"/": () => ($("#q") || $("input[type=search]"))?.focus(),
	"?": () => $("#help")?.showModal(),
	Enter: () => row(at) && open($("a", row(at))),
	Escape: () => { const back = $(".has-open .back a"); if (back) location.href = back.href; },
};

document.addEventListener("keydown", (event) => {
	const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
	if (event.key === "Escape" && typing) typing.blur();
	if (event.ctrlKey || event.metaKey || event.altKey || typing || $("dialog[open]")) return;
	if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
	if (!Object.hasOwn(keys, event.key)) return;
	if (event.key !== "Escape") event.preventDefault();
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
			if (!answer?.ok || mine !== last) return;
			const part = new DOMParser().parseFromString(await answer.text(), "text/html").body;
			const place = document.getElementById(field.id + "-problems");
			field.setAttribute("aria-invalid", String(part.children.length > 0));
			place.replaceChildren(...part.childNodes);
		}, 300);
	});
}
for (const field of $$("[data-check]")) watch(field);

// New mail. The list is fetched anew and the message that is open stays as it is.
function follow(path) {
	const live = $("#live");
	const source = new EventSource(path);
	let timer = 0;
	const renew = () => {
		clearTimeout(timer);
		timer = setTimeout(refresh, 150);
	};
	for (const name of ["message", "new", "recovered", "deleted", "counts"]) {
		source.addEventListener(name, renew);
	}
	const state = (on) => {
		if (!live) return;
		live.dataset.state = on ? "on" : "off";
		live.textContent = on ? "live" : "not live";
	};
	source.addEventListener("open", () => state(true));
	source.addEventListener("error", () => state(false));
	addEventListener("pagehide", () => source.close());
}

async function refresh() {
	const before = new Set(rows().map((r) => r.dataset.id)), mine = opening;
	const page = await fetchPage(location.href).catch(() => null);
	if (!page || !$(".queue", page) || mine !== opening || $("dialog[open]")) return;
	const picked = new Set(chosen().map((box) => box.value));
	const focused = document.activeElement?.closest("#rows > li")?.dataset.id;
	for (const part of ["#rail", "#rows", ".list > .paging"]) put(page, part);
	if (!$("#many") && $("#many", page)) put(page, ".list");
	settle(picked, $(".list").scrollTop);
	for (const r of rows()) r.classList.toggle("is-new", !before.has(r.dataset.id));
	mark();
	if (focused && row(focused)) $("a", row(focused)).focus({ preventScroll: true });
}

tell();
if ($(".queue") && document.body.dataset.events) follow(document.body.dataset.events);
