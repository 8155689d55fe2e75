// Judges the page by what can be told from its elements. The value is a list of
// what is wrong.
(() => {
	const wrong = [];
	const all = (selector) => Array.from(document.querySelectorAll(selector)).filter((e) => e.checkVisibility());
	const name = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : e.className ? "." + e.className : "");
	const say = (problem) => { if (!wrong.includes(problem)) wrong.push(problem); };

	if (!document.documentElement.lang) say("the page does not say its language");
	if (!document.title) say("the page has no title");
	if (all("h1").length !== 1) say(`the page has ${all("h1").length} h1`);
	if (all("main").length !== 1) say(`the page has ${all("main").length} main`);
	if (!document.querySelector("meta[name=viewport]")) say("the page does not fit telephones");
	const payment = document.querySelector("[data-payment]");
	if (payment && !payment.querySelector("[role=status], [aria-live]")) say("the payment's state is not told to screen readers");

	for (const e of all("input, select, textarea")) if (!e.labels?.length && !e.ariaLabel) say(`${name(e)} has no label`);
	for (const e of all("button, a[href]")) if (!(e.innerText.trim() || e.ariaLabel)) say(`${name(e)} has no name`);
	for (const e of all("img")) if (!e.hasAttribute("alt")) say(`${name(e)} has no alternative`);
	for (const e of all("iframe")) if (!e.title) say(`${name(e)} has no title`);
	for (const e of all("fieldset")) if (!e.querySelector("legend")) say(`${name(e)} has no legend`);
	const ids = Array.from(document.querySelectorAll("[id]"), (e) => e.id);
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say(`the id ${id} is there twice`);

	const { scrollWidth, clientWidth } = document.documentElement; // innerWidth grows on a telephone, which zooms out
	if (scrollWidth > clientWidth) say(`the page is wider than the screen: ${scrollWidth} on ${clientWidth}`);
	for (const e of all("button, a.button, select, [data-payment] a")) {
		const box = e.getBoundingClientRect();
		if (box.height < 44) say(`${name(e)} is too small for a finger: ${Math.round(box.height)}`);
	}

	// Contrast of text with what is behind it (WCAG 2.2, 1.4.3): 4.5, or 3 for large text.
	const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = channels(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	for (const e of all("body *")) {
		if (!Array.from(e.childNodes).some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim())) continue;
		const style = getComputedStyle(e);
		const [a, b] = [light(channels(style.color)), light(behind(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const size = parseFloat(style.fontSize);
		if (ratio < (size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5)) say(`${name(e)} has too little contrast: ${ratio.toFixed(2)}`);
	}
	return wrong;
})()
