// Shows a shopper how a payment stands, and does what it asks for.
//
//   <div data-payment="/pay/v1/payments/TOKEN" data-frames="https://psp.example" data-return="/checkout"></div>
//   <script type="module" src="/pay/v1/client-HASH.js"></script>
//
// data-payment  where the payment's status is
// data-frames   the origins that may be shown in a frame, separated by spaces; none by default
// data-schemes  what addresses may begin with beside https, such as a banking app's
// data-return   where the shopper chooses another way to pay
// data-done     where the shopper goes when it is paid
//
// The element gets events that bubble: payment-status with each view,
// payment-action (preventDefault: the page does it itself), payment-trouble,
// payment-ask when it has stopped and asks whether to go on, and payment-end.
// Nothing is evaluated, nothing from the server becomes markup of the page, and
// nothing is kept but marks in sessionStorage of what was done already.

const words = {
	again: "Try again", back: "Choose another way to pay", on: "Continue", lost: "We cannot reach the shop. Your payment goes on without this page.",
	gone: "This page is no longer valid.", kept: "This step cannot be shown here.", check: "Checking your payment…",
};

export class Payment {
	#root; #options; #line; #box; #known = ""; #shown = ""; #running = 0; #abort; #wake;

	// options may set what the data attributes say (url, frames, schemes, back,
	// done), texts, and for tests: fetch, random, sleep, location, storage.
	constructor(root, options = {}) {
		const list = (text) => (text || "").split(/\s+/).filter(Boolean);
		const d = root.dataset || {};
		this.#root = root;
		this.#options = {
			url: d.payment, frames: list(d.frames), schemes: list(d.schemes), back: d.return, done: d.done,
			// Seconds between tries grow from first to most; after so many failures in a row it asks.
			first: 0.5, most: 20, failures: 8, texts: {},
			fetch: (...a) => globalThis.fetch(...a), random: Math.random, location: globalThis.location, storage: storage(),
			sleep: (seconds) => new Promise((done) => { this.#wake = done; setTimeout(done, seconds * 1000); }),
			...options,
		};
		this.#line = element("p", { role: "status", "aria-live": "polite", class: "payment-message" });
		this.#box = element("div", { class: "payment-action" });
		root.replaceChildren(this.#line, this.#box);
		this.#say("check");
	}

	// start asks until the payment has ended. It resolves to why it stopped:
	// "end", "ask", "gone" or "stopped".
	async start() {
		const turn = ++this.#running;
		const here = () => turn === this.#running;
		let failed = 0;
		let broken = 0;
		while (here()) {
			let wait = 0;
			try {
				const view = await this.#ask();
				if (!here()) break;
				failed = 0;
				if (view === "gone") { this.#say("gone"); this.#offer("back", this.#options.back); this.#tell("payment-end", { reason: "gone" }); return "gone"; }
				if (view) {
					this.#known = view.version;
					this.#show(view);
					if (view.terminal) { this.#end(view); return "end"; }
					wait = view.poll?.after || 0;
				}
			} catch (error) {
				if (!here()) break;
				failed++;
				// Longer and longer, not all browsers at once, and as long as the server wants.
				const longest = Math.min(this.#options.most, this.#options.first * 2 ** (failed - 1));
				wait = Math.max(longest * (0.5 + this.#options.random() / 2), Math.min(error.after || 0, 120));
				this.#tell("payment-trouble", { failures: failed, wait, message: String(error.message || error) });
				if (failed >= this.#options.failures) { this.#stopAndAsk(); return "ask"; }
			}
			// An answer that came at once and brought nothing would make a loop without rest.
			if (wait === 0) broken = this.#idle ? Math.min(broken + 1, 6) : 0;
			if (wait > 0 || broken > 1) await this.#options.sleep(Math.max(wait, broken > 1 ? 0.1 * 2 ** broken : 0));
		}
		return "stopped";
	}

	// stop ends the asking; start begins again.
	stop() { this.#running++; this.#abort?.abort(); this.#wake?.(); }

	// retry makes it ask now, where it waits because of a failure.
	retry() { this.#wake?.(); }

	#idle = false;

	async #ask() {
		this.#abort = new AbortController();
		const limit = setTimeout(() => this.#abort.abort(), 60_000);
		const began = Date.now();
		this.#idle = false;
		try {
			const url = this.#options.url + (this.#known ? "?known=" + encodeURIComponent(this.#known) : "");
			const answer = await this.#options.fetch(url, { cache: "no-store", credentials: "same-origin", redirect: "error", referrerPolicy: "no-referrer", signal: this.#abort.signal, headers: { Accept: "application/json" } });
			if (answer.status === 200) return await answer.json();
			if (answer.status === 204 || answer.status === 304) { this.#idle = Date.now() - began < 1000; return null; }
			if (answer.status === 400 || answer.status === 404) return "gone";
			throw Object.assign(new Error("the shop answered " + answer.status), { after: Number(answer.headers.get("Retry-After")) || 0 });
		} finally {
			clearTimeout(limit);
		}
	}

	#show(view) {
		try { // what the page does with an event must not end the asking
			this.#line.textContent = view.message;
			this.#root.setAttribute("data-status", view.status);
			// A frame that the shopper is busy in stays when only something else has changed.
			const again = view.action?.id && view.action.id === this.#shown;
			if (!again) this.#box.replaceChildren();
			this.#shown = view.action?.id || "";
			this.#tell("payment-status", view);
			if (view.action && !again && this.#tell("payment-action", view.action)) this.#act(view.action);
			if (view.status === "action_required" && !view.action) this.#offer("back", this.#options.back);
		} catch (error) {
			this.#tell("payment-trouble", { failures: 0, wait: 0, message: String(error.message || error) });
		}
	}

	#act(action) {
		switch (action.kind) {
		case "redirect": {
			const url = this.#address(action.url, true);
			if (!url) return this.#refuse(action);
			// Who comes back by the browser's button is not sent away again.
			if (this.#first(action.id)) this.#options.location.assign(url.href);
			return this.#offer("on", url.href);
		}
		case "form": {
			const url = this.#address(action.url);
			if (!url) return this.#refuse(action);
			const form = element("form", { action: url.href, method: (action.method || "POST").toLowerCase() === "get" ? "get" : "post" });
			for (const [name, value] of Object.entries(action.fields || {})) form.append(element("input", { type: "hidden", name, value }));
			form.append(element("button", { type: "submit" }, this.#text("on")));
			this.#box.append(form);
			if (this.#first(action.id)) HTMLFormElement.prototype.submit.call(form);
			return undefined;
		}
		case "iframe": {
			const url = this.#address(action.url);
			// A frame of the page's own origin could take its sandbox off.
			if (!url || !this.#options.frames.includes(url.origin) || url.origin === this.#options.location.origin) return this.#refuse(action);
			return this.#box.append(element("iframe", {
				class: "payment-frame", title: this.#line.textContent, src: url.href, referrerpolicy: "no-referrer", allow: "payment",
				sandbox: "allow-scripts allow-forms allow-same-origin allow-popups allow-top-navigation-by-user-activation",
			}));
		}
		case "html": // a document of its own, without an origin: it reaches nothing of this page
			return this.#box.append(element("iframe", {
				class: "payment-frame", title: this.#line.textContent, src: this.#options.url + "/frame?action=" + encodeURIComponent(action.id), referrerpolicy: "no-referrer",
				sandbox: "allow-scripts allow-forms allow-popups allow-top-navigation-by-user-activation",
			}));
		case "display": {
			const list = element("dl", {});
			for (const [name, value] of Object.entries(action.fields || {})) list.append(element("dt", {}, name), element("dd", {}, value));
			return this.#box.append(list);
		}
		case "wait":
			return undefined;
		}
		return this.#refuse(action); // "challenge" and "sdk" are for the page: it handles payment-action
	}

	#refuse(action) {
		this.#box.append(element("p", {}, this.#text("kept")));
		this.#offer("back", this.#options.back);
		this.#tell("payment-trouble", { failures: 0, wait: 0, message: "an action of kind " + action.kind + " was not followed" });
	}

	// address returns what a browser visits, never what it runs.
	#address(text, app = false) {
		let url;
		try { url = new URL(text); } catch { return null; }
		const secure = url.protocol === "https:" || url.protocol === "http:" && this.#options.location.protocol === "http:";
		return secure || app && this.#options.schemes.includes(url.protocol.slice(0, -1)) ? url : null;
	}

	// first reports whether an action was not done in this tab before.
	#first(id) {
		try {
			if (this.#options.storage?.getItem("payment:" + id)) return false;
			this.#options.storage?.setItem("payment:" + id, "done");
		} catch { /* a browser that keeps nothing */ }
		return true;
	}

	#end(view) {
		this.#tell("payment-end", { reason: view.status, view });
		if (view.status === "succeeded") {
			if (this.#options.done) this.#options.location.assign(this.#options.done);
		} else {
			this.#offer("back", this.#options.back);
		}
	}

	#stopAndAsk() {
		this.#say("lost");
		const again = element("button", { type: "button" }, this.#text("again"));
		again.addEventListener("click", () => { this.#box.replaceChildren(); this.#known = this.#shown = ""; this.start(); });
		this.#box.append(again);
		this.#tell("payment-ask", {});
	}

	#offer(word, href) { if (href) this.#box.append(element("a", { href, rel: "noreferrer" }, this.#text(word))); }

	#text(word) { return this.#options.texts[word] || words[word]; }

	#say(word) { this.#line.textContent = this.#text(word); }

	#tell(name, detail) { return this.#root.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, cancelable: true })); }
}

function element(tag, attributes, text) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
	if (text !== undefined) e.textContent = text;
	return e;
}

function storage() { try { return globalThis.sessionStorage; } catch { return undefined; } }

// Every element that names a payment is followed. A page that comes back from the
// browser's cache, or gets its network back, asks at once.
export function start(scope = document) {
	return Array.from(scope.querySelectorAll("[data-payment]"), (root) => {
		const payment = new Payment(root);
		payment.start();
		globalThis.addEventListener?.("pageshow", (e) => { if (e.persisted) { payment.stop(); payment.start(); } });
		globalThis.addEventListener?.("online", () => payment.retry());
		return payment;
	});
}

if (globalThis.document?.querySelectorAll) start();
