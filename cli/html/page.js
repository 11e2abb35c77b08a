/* What the page can do beyond being read: zoom, tips, filters and order.  Without it nothing is missing but these. */
"use strict";
(() => {
	const make = (name, properties, ...children) => {
		const element = Object.assign(document.createElement(name), properties);
		element.append(...children);
		return element;
	};
	const makeSvg = (name, attributes) => {
		const element = document.createElementNS("http://www.w3.org/2000/svg", name);
		for (const [key, value] of Object.entries(attributes))
			element.setAttribute(key, value);
		return element;
	};

	/* What is laid out only when it comes into sight may push the target away again, for some frames. */
	const bring = (target) => {
		const scroll = () => target.scrollIntoView({ block: target.matches("tr, .entry") ? "center" : "start" });
		const hold = (frames) => {
			const box = target.getBoundingClientRect();
			if (box.top < 0 || box.top > innerHeight - Math.min(box.height, innerHeight / 2))
				scroll();
			if (frames > 0)
				requestAnimationFrame(() => hold(frames - 1));
		};
		scroll();
		hold(15);
	};

	/* ---- waterfall ---- */

	/* As the column of begins has them: seconds, but what is shorter than one in the unit that it needs. */
	const seconds = (value, of = Math.abs(value)) => {
		if (of >= 1)
			return `${+value.toFixed(6)} s`;
		return of >= 1e-3 ? `${+(value * 1e3).toPrecision(6)} ms` : `${+(value * 1e6).toPrecision(6)} µs`;
	};

	const waterfall = (chart) => {
		const axis = chart.querySelector(".axis"), overview = document.querySelector(".overview");
		const begin = +axis.dataset.begin, length = +axis.dataset.length;
		const narrowest = Math.max(1e-6, Math.min(1, length > 0 ? 2e-6 / length : 1));
		const said = make("output", { ariaLive: "polite" });
		const chosen = makeSvg("rect", { class: "chosen", y: 0, height: 40 });
		let from = 0, to = 1, pending = 0, afterDraw = null;

		const drawAxis = () => {
			const span = (to - from) * length, first = begin + from * length, rough = span / Math.max(2, axis.clientWidth / 110);
			const unit = 10 ** Math.floor(Math.log10(rough));
			const step = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= rough) || unit;
			const marks = [];
			for (let i = Math.ceil(first / step - 1e-9); i * step <= first + span * (1 + 1e-9) && marks.length < 50; i++) {
				const at = (i * step - first) / span * 100;
				const mark = makeSvg("text", { x: `${at}%`, y: 12, "text-anchor": at > 92 ? "end" : "start" });
				mark.textContent = i ? `${i > 0 ? "+" : ""}${seconds(i * step, begin + length)}` : "0";
				marks.push(mark);
			}
			axis.replaceChildren(...marks);
		};

		/* While it is zoomed, only entries with something in sight are there. */
		let entries = null;
		const findEntries = () => [...chart.querySelectorAll(".entry")].map((element) => {
			let first = Infinity, last = -Infinity;
			for (const bar of element.querySelectorAll(":scope > .lane rect, :scope > summary > .lane rect")) {
				const x = parseFloat(bar.getAttribute("x")) / 100;
				first = Math.min(first, x);
				last = Math.max(last, x + parseFloat(bar.getAttribute("width")) / 100);
			}
			return { element, first, last };
		});
		const whole = () => from === 0 && to === 1;
		const chooseEntries = () => {
			if (!entries && whole())
				return;
			entries ||= findEntries();
			for (const { element, first, last } of entries) {
				const hidden = !whole() && !(first <= to && last >= from);
				if (element.hidden !== hidden)
					element.hidden = hidden;
			}
		};
		const draw = () => {
			pending = 0;
			chooseEntries();
			chart.style.setProperty("--zoom", 1 / (to - from));
			chart.style.setProperty("--shift", `${-from * 100}%`);
			if (overview) {
				chosen.setAttribute("visibility", whole() ? "hidden" : "visible");
				chosen.setAttribute("x", from * 150);
				chosen.setAttribute("width", (to - from) * 150);
			}
			if (length > 0)
				drawAxis();
			const shown = entries ? entries.filter((entry) => !entry.element.hidden).length : 0;
			said.textContent = whole() ? `all ${seconds(+length.toPrecision(4))}; drag over bars to zoom` :
				`${seconds(begin + from * length, length)} to ${seconds(begin + to * length, length)}, ${shown} of ${entries.length}`;
			afterDraw?.();
			afterDraw = null;
		};
		const show = (newFrom, newTo) => {
			const width = Math.min(1, Math.max(narrowest, newTo - newFrom));
			from = Math.min(1 - width, Math.max(0, newFrom));
			to = from + width;
			pending ||= requestAnimationFrame(draw);
		};
		const zoom = (factor, at = (from + to) / 2) => show(at - (at - from) * factor, at + (to - at) * factor);
		const move = (part) => show(from + (to - from) * part, to + (to - from) * part);

		/* Where on the axis of the element a pointer is. */
		const place = (element, event) => {
			const box = element.getBoundingClientRect();
			return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
		};

		const button = (text, title, action) => make("button", { type: "button", title, ariaLabel: title, onclick: action }, text);
		chart.before(make("div", { className: "bar-of-buttons", role: "group", ariaLabel: "Zoom" },
			button("+", "Zoom in (+)", () => zoom(1 / 2)), button("−", "Zoom out (−)", () => zoom(2)),
			button("◂", "Earlier (←)", () => move(-1 / 4)), button("▸", "Later (→)", () => move(1 / 4)),
			button("All", "All of the trace (0); a double click on a bar shows its entry, a drag what it spans", () => show(0, 1)),
			...chart.querySelector(".entry.failed") ?
				[button("Next failure", "Go to the next entry that failed (n)", () => nextFailed())] : [], said));

		const nextFailed = () => {
			const failed = [...chart.querySelectorAll(".entry.failed")];
			const here = failed.indexOf(document.activeElement?.closest?.(".entry"));
			const entry = failed[(here + 1) % failed.length];
			if (!entry)
				return;
			entries ||= findEntries();
			const { first, last } = entries.find(({ element }) => element === entry);
			const width = to - from, middle = (first + last) / 2;
			if (first < from || last > to)
				show(middle - width / 2, middle + width / 2);
			afterDraw = () => {
				const target = entry.querySelector("summary, a") || entry;
				bring(entry);
				target.focus({ preventScroll: true });
			};
			pending ||= requestAnimationFrame(draw);
		};
		const keys = {
			"+": () => zoom(1 / 2), "=": () => zoom(1 / 2), "-": () => zoom(2), "0": () => show(0, 1),
			ArrowLeft: () => move(-1 / 4), ArrowRight: () => move(1 / 4), n: nextFailed,
		};
		chart.tabIndex = 0;
		chart.setAttribute("role", "group");
		chart.setAttribute("aria-label", "Waterfall; + and − zoom, arrows move, 0 shows all, n goes to the next failure");
		chart.addEventListener("keydown", (event) => {
			if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey)
				return;
			keys[event.key]();
			event.preventDefault();
		});
		chart.addEventListener("wheel", (event) => {
			const lane = event.target.closest?.(".lane, .axis");
			const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
			if (!lane || !(event.ctrlKey || event.metaKey || event.shiftKey || sideways || lane === axis))
				return; /* the page scrolls */
			event.preventDefault();
			if (sideways || (event.shiftKey && !event.ctrlKey))
				move((event.deltaX || event.deltaY) / 1000);
			else
				zoom(Math.exp(event.deltaY / 300), from + place(lane, event) * (to - from));
		}, { passive: false });

		/* A drag over lanes or overview chooses what is shown. */
		let drag = null;
		const veil = make("div", { className: "veil", hidden: true });
		chart.append(veil);
		const begins = (element, ofOverview) => (event) => {
			const surface = ofOverview ? element : event.target.closest?.(".lane, .axis");
			if (!surface || event.button !== 0 || event.pointerType === "touch")
				return;
			drag = { surface, ofOverview, at: place(surface, event), x: event.clientX };
		};
		const stretch = (event) => {
			const box = drag.surface.getBoundingClientRect(), outer = chart.getBoundingClientRect();
			const [left, right] = [drag.x, event.clientX].map((x) => Math.min(box.right, Math.max(box.left, x))).sort((a, b) => a - b);
			veil.hidden = drag.ofOverview || right - left < 3;
			veil.style.left = `${left - outer.left}px`;
			veil.style.width = `${right - left}px`;
		};
		chart.addEventListener("pointerdown", begins(chart, false));
		overview?.addEventListener("pointerdown", begins(overview, true));
		addEventListener("pointermove", (event) => {
			if (drag) {
				stretch(event);
				if (Math.abs(event.clientX - drag.x) > 3)
					getSelection()?.removeAllRanges();
			}
		});
		addEventListener("pointerup", (event) => {
			if (!drag)
				return;
			const { surface, ofOverview, at, x } = drag, end = place(surface, event);
			const scale = ofOverview ? (p) => p : (p, f = from, w = to - from) => f + p * w;
			drag = null;
			veil.hidden = true;
			if (Math.abs(event.clientX - x) <= 3)
				return;
			show(scale(Math.min(at, end)), scale(Math.max(at, end)));
			/* The click that ends a drag over a summary is none. */
			const swallow = (click) => click.preventDefault();
			addEventListener("click", swallow, { capture: true, once: true });
			setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
		});
		chart.addEventListener("dblclick", (event) => {
			const element = event.target.closest?.(".lane")?.closest(".entry");
			if (!element)
				return;
			entries ||= findEntries();
			const { first, last } = entries.find((entry) => entry.element === element);
			const margin = (last - first) / 20;
			show(first - margin, last + margin);
		});
		overview?.append(chosen);
		addEventListener("resize", () => show(from, to));

		/* ---- tips: what a bar is, when it began and how long it took ---- */

		const names = { dns: "DNS", tcp: "TCP", udp: "UDP", tls: "TLS", http: "waiting for a response", body: "response" };
		const tip = make("div", { className: "tip", role: "tooltip", hidden: true });
		document.body.append(tip);
		const describe = (bar) => {
			const kind = names[bar.classList[0]] || "", failed = bar.classList.contains("f") ? ", failed" : "";
			const x = parseFloat(bar.getAttribute("x")) / 100, width = parseFloat(bar.getAttribute("width")) / 100;
			return `${kind}${failed}: +${seconds(begin + x * length)}, ${seconds(width * length)}`;
		};
		const placeTip = (x, y) => {
			tip.hidden = false;
			tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - tip.offsetWidth - 4))}px`;
			tip.style.top = `${y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 8 : y + 18}px`;
		};
		chart.addEventListener("pointermove", (event) => {
			const bar = event.target.closest?.("rect");
			const lane = event.target.closest?.(".lane");
			const text = bar ? describe(bar) : lane?.getAttribute("aria-label");
			if (!text || drag) {
				tip.hidden = true;
				return;
			}
			tip.textContent = text;
			placeTip(event.clientX, event.clientY);
		});
		chart.addEventListener("pointerleave", () => { tip.hidden = true; });
		chart.addEventListener("focusin", (event) => {
			const lane = event.target.closest?.(".entry")?.querySelector(".lane[aria-label]");
			if (!lane || !event.target.matches(":focus-visible"))
				return;
			const box = lane.getBoundingClientRect();
			tip.textContent = lane.getAttribute("aria-label");
			placeTip(box.left, box.top);
		});
		chart.addEventListener("focusout", () => { tip.hidden = true; });

		addEventListener("beforeprint", () => {
			from = 0;
			to = 1;
			draw();
		});
		draw();
	};

	/* ---- tables ---- */

	const rowsOfBody = 50;
	const units = { ms: 1e3, s: 1e6, min: 6e7, h: 36e8, days: 864e8 };

	/* Microseconds of "2 min 5 s"; the number of "+0.25"; else NaN. */
	const number = (text) => {
		let sum = NaN;
		for (const [, amount, unit] of text.matchAll(/([+-]?[\d.]+) ?(ms|s|min|h|days)?/g)) {
			const value = +amount * (unit ? units[unit] : 1);
			sum = Number.isNaN(sum) ? value : sum + value;
			if (!unit)
				break;
		}
		return sum;
	};
	const tables = [];
	const table = (element) => {
		const rows = [...element.querySelectorAll("tbody > tr")], heads = [...element.querySelectorAll("thead th")];
		const text = new Map();
		let order = rows, column = -1, down = false, words = [], failedOnly = false;

		const textOf = (row) => {
			let known = text.get(row);
			if (known === undefined)
				text.set(row, known = row.textContent.toLowerCase());
			return known;
		};
		const fill = () => {
			const shown = order.filter((row) => (!failedOnly || row.classList.contains("failed")) &&
				words.every((word) => textOf(row).includes(word)));
			const bodies = [];
			for (let i = 0; i < shown.length; i += rowsOfBody) {
				const body = document.createElement("tbody");
				body.append(...shown.slice(i, i + rowsOfBody));
				bodies.push(body);
			}
			for (const body of [...element.tBodies])
				body.remove();
			element.append(...bodies);
			said.textContent = shown.length === rows.length ? "" : `${shown.length} of ${rows.length}`;
		};
		const sort = (index) => {
			down = column === index ? !down : false;
			column = index;
			const numeric = index === 0 || heads[index].classList.contains("figure"), sign = down ? -1 : 1;
			const keys = new Map(rows.map((row) => {
				const cell = row.cells[index]?.textContent.trim() || "";
				return [row, numeric ? number(cell.replace(/^[^\d+-]+/, "")) : cell.toLowerCase()];
			}));
			const compare = (a, b) => {
				const x = keys.get(a), y = keys.get(b);
				if (!numeric)
					return x < y ? -sign : x > y ? sign : 0;
				/* What is not known comes last. */
				return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : sign * (x - y);
			};
			order = [...rows].sort(compare);
			heads.forEach((head, i) => {
				if (i === index)
					head.setAttribute("aria-sort", down ? "descending" : "ascending");
				else
					head.removeAttribute("aria-sort");
			});
			fill();
		};
		heads.forEach((head, index) => {
			const button = make("button", { type: "button", onclick: () => sort(index) }, ...head.childNodes);
			head.append(button);
		});

		const said = make("output", { ariaLive: "polite" });
		const title = element.parentElement.querySelector("h2").firstChild.data.trim();
		const search = make("input", { type: "search", placeholder: "Filter", ariaLabel: `Filter ${title}: rows with all of these words` });
		const failed = make("input", { type: "checkbox" });
		search.addEventListener("input", () => {
			words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
			fill();
		});
		failed.addEventListener("change", () => {
			failedOnly = failed.checked;
			fill();
		});
		const controls = make("div", { className: "bar-of-buttons" }, search);
		if (rows.some((row) => row.classList.contains("failed")))
			controls.append(make("label", {}, failed, "failed only"));
		controls.append(said);
		if (rows.length > 3)
			element.before(controls);

		const byId = new Map(rows.map((row) => [row.id, row]));
		tables.push((id) => {
			const row = byId.get(id);
			if (!row || row.isConnected)
				return;
			search.value = "";
			failed.checked = failedOnly = false;
			words = [];
			fill();
		});
	};

	/* A link to a row that a filter took away brings it back. */
	const go = () => {
		const id = decodeURIComponent(location.hash.slice(1));
		for (const reveal of tables)
			reveal(id);
		const target = id && document.getElementById(id);
		if (target)
			bring(target);
	};

	const chart = document.querySelector(".chart");
	if (chart)
		waterfall(chart);
	for (const element of document.querySelectorAll("section.records > table"))
		table(element);
	addEventListener("hashchange", go);
	if (location.hash)
		go();

	/* On paper everything stands open. */
	addEventListener("beforeprint", () => {
		for (const element of document.querySelectorAll("details:not([open])"))
			element.open = true;
	});
})();
