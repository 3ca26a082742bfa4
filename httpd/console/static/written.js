// What one writes outlives the session: it is kept in this window as its form is sent, and
// offered again if that was too late.
"use strict";

const place = "written";
const who = () => $(".who-am-i")?.textContent;
const writing = () => $("form:has(textarea[name])");

// A browser may keep nothing, or no more.
function keep(written) {
	try { sessionStorage.setItem(place, JSON.stringify(written)); } catch { forget(); }
}

function forget() {
	try { sessionStorage.removeItem(place); } catch { }
}

function kept() {
	try { return JSON.parse(sessionStorage.getItem(place)); } catch { return null; }
}

document.addEventListener("submit", (event) => {
	const form = event.target, page = writing();
	if (event.defaultPrevented || form.method !== "post") return;
	if (form.getAttribute("action") === "/sign-out") forget();
	else if (page) {
		keep({ who: who(), page: location.pathname, fields: [...new FormData(page)] });
	}
});

// recall looks what became of what was sent. The sign-in page says if it came too late; every
// other page that says who one is says that it did not, or is for somebody else.
function recall() {
	const written = kept();
	if (!written) return;
	if (!who()) {
		if ($("#lost")) keep({ ...written, lost: true });
		return;
	}
	const here = written.page === location.pathname;
	if (!written.lost || written.who !== who() || here && did) forget();
	else if (here && writing()) {
		offer(writing(), new Map(written.fields));
		forget(); // offered once: what was left on purpose does not come back hours later
	}
}

// offer fills the form as it was, with the generation that it was made of: what somebody else
// did meanwhile is not lost by it.
function offer(form, fields) {
	for (const e of form.elements) {
		if (e.type === "checkbox") e.checked = fields.has(e.name);
		else if (fields.has(e.name)) e.value = fields.get(e.name);
	}
	const said = document.createElement("p");
	said.className = "error";
	said.setAttribute("role", "alert");
	said.textContent = "What you wrote before your session ended is below: it is not saved.";
	form.before(said);
}

recall();
