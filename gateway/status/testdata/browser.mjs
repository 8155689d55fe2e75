// A browser with as little DOM as the client needs. It loads the client from the
// server, tells what happens as lines of JSON, and takes lines as commands:
// click (the first button), stop, start, reload, cached, online.
import { createInterface } from "node:readline";

const setup = JSON.parse(process.argv[2]); // base, client, data, options, page, refuse
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

class Node2 extends EventTarget {
	constructor(tag) { super(); this.tag = tag; this.attributes = {}; this.children = []; this.text = ""; }
	get dataset() {
		return Object.fromEntries(Object.entries(this.attributes).filter(([n]) => n.startsWith("data-")).map(([n, v]) => [n.slice(5), v]));
	}
	setAttribute(name, value) {
		if (/^on|^style$/i.test(name)) throw new Error("the policy forbids " + name);
		this.attributes[name] = String(value);
	}
	append(...nodes) { this.children.push(...nodes); }
	replaceChildren(...nodes) { this.children = nodes; }
	set textContent(text) { this.text = String(text); this.children = []; }
	get textContent() { return this.text + this.children.map((c) => c.textContent).join(""); }
	set innerHTML(_) { throw new Error("innerHTML"); }
	set outerHTML(_) { throw new Error("outerHTML"); }
	json() { return { tag: this.tag, attributes: this.attributes, text: this.text, children: this.children.map((c) => c.json()) }; }
	find(tag) {
		if (this.tag === tag) return this;
		for (const c of this.children) { const found = c.find(tag); if (found) return found; }
		return undefined;
	}
}
class HTMLFormElement extends Node2 {
	submit() { say({ submit: { ...this.attributes, fields: Object.fromEntries(this.children.filter((c) => c.tag === "input").map((c) => [c.attributes.name, c.attributes.value])) } }); }
}

const kept = new Map();
const page = new EventTarget();
let root;
const makeRoot = () => {
	root = new Node2("main");
	for (const [name, value] of Object.entries(setup.data)) root.setAttribute("data-" + name, value);
	for (const name of ["payment-status", "payment-action", "payment-trouble", "payment-ask", "payment-end"]) {
		root.addEventListener(name, (e) => {
			if (setup.page === name) e.preventDefault();
			say({ event: name, detail: e.detail });
			queueMicrotask(() => say({ shown: name, dom: root.json() }));
			if (setup.fails === name) throw new Error("a page's own defect");
		});
	}
};
process.on("uncaughtException", (e) => say({ uncaught: String(e.message) })); // as a browser's console would
makeRoot();

const network = globalThis.fetch;
let refused = 0;
const fetches = (url, options) => {
	say({ fetch: String(url), cache: options.cache, redirect: options.redirect });
	if (refused < (setup.refuse || 0)) { refused++; return Promise.reject(new TypeError("failed to fetch")); }
	return network(new URL(url, setup.base), options);
};
Object.assign(globalThis, {
	fetch: fetches, HTMLFormElement,
	document: { createElement: (tag) => (tag === "form" ? new HTMLFormElement(tag) : new Node2(tag)), querySelectorAll: () => (setup.options ? [] : [root]) },
	location: { origin: "https://shop.example", protocol: "https:", assign: (url) => say({ assign: url }) },
	sessionStorage: { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) },
	addEventListener: (...a) => page.addEventListener(...a),
});

const source = await (await network(setup.client)).text();
const client = await import("data:text/javascript;base64," + Buffer.from(source).toString("base64"));
let payment;
const begin = () => {
	payment = new client.Payment(root, { ...setup.options, sleep: (s) => { say({ sleep: s }); return new Promise((done) => setTimeout(done, 1)); }, random: () => 1 });
	payment.start().then((reason) => say({ stopped: reason }));
};
if (setup.options) begin();
for await (const line of createInterface({ input: process.stdin })) {
	if (line === "click") root.find("button").dispatchEvent(new Event("click"));
	if (line === "stop") payment.stop();
	if (line === "reload") { makeRoot(); if (setup.options) begin(); else client.start(); }
	if (line === "cached") page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
}
process.exit(0);
