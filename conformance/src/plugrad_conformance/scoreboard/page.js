"use strict";
// The report is columns of numbers; words are told once, and pointed to. Text goes into the page as text, never as HTML.

const { words, columns, outcomes, versions, kit, plugrad, reference } = JSON.parse(
  document.getElementById("data").textContent
);
const size = columns.op.length;
const kinds = outcomes.map((o) => o.kind);

// Kinds of outcomes, the gravest first: what a field says that has several.
const KINDS = {
  fail: "failed",
  xfail: "expected failure",
  hostcopy: "by host copy",
  composite: "composite",
  native: "native",
  unsupported: "unsupported",
  skip: "no hardware",
};
const GRAVEST = Object.keys(KINDS);
const SHOWN = ["native", "composite", "hostcopy", "unsupported", "xfail", "fail", "skip"];
const PASSES = new Set(["native", "composite", "hostcopy"]);
const kindOf = (i) => kinds[columns.outcome[i]];
const gravity = Uint8Array.from(columns.outcome, (o) => GRAVEST.indexOf(kinds[o]));

// Errors as numbers that sort: none, finite, infinite, NaN.
const NONE = -1;
const INFINITE = Number.MAX_VALUE;
const NAN = Infinity;
const errors = Float64Array.from(columns.eps, (e) => (e === null ? NONE : e === "inf" ? INFINITE : e === "nan" ? NAN : e));

// Differences of a function are right to a few digits however good it is. A check that holds no case to 1000 eps says
// whether, not how well: an error that passes there is told with its case, and is nobody's worst.
const COARSE = 1000;
const least = new Float64Array(words.check.length).fill(Infinity);
columns.bound.forEach((bound, i) => {
  if (typeof bound === "number") least[columns.check[i]] = Math.min(least[columns.check[i]], bound);
});
const coarse = [...words.check.keys()].filter((check) => least[check] > COARSE && least[check] < Infinity);
const graded = errors.map((error, i) => (coarse.includes(columns.check[i]) && PASSES.has(kindOf(i)) ? NONE : error));

const SCALE = [
  ["0", "exact"],
  ["≤1", "to 1 eps"],
  ["≤10", "to 10 eps"],
  ["≤100", "to 100 eps"],
  ["≤1000", "to 1000 eps"],
  [">1000", "above 1000 eps"],
  ["∞", "infinite or NaN"],
];

function step(error) {
  if (error >= INFINITE) return 6;
  return error <= 0 ? 0 : Math.min(5, 1 + Math.max(0, Math.ceil(Math.log10(error))));
}

function digits(error) {
  if (error === NONE) return "";
  if (error === NAN) return "NaN";
  if (error === INFINITE) return "∞";
  if (error === 0) return "0";
  if (error < 0.095) return "<.1";
  if (error < 9.95) return String(+error.toFixed(1));
  return error < 9999.5 ? String(Math.round(error)) : error.toExponential(0).replace("e+", "e");
}

// ------------------------------------------------------------------------------------------------------ small helpers

const at = (id) => document.getElementById(id);
const grouped = new Intl.NumberFormat("en");
const count = (n) => grouped.format(n);
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const name in attributes) {
    const value = attributes[name];
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const sign = (kind) => h("i", { class: `how ${kind}`, "aria-hidden": "true" });

function tallied(indexes) {
  const found = Object.fromEntries(GRAVEST.map((kind) => [kind, 0]));
  for (const i of indexes) found[kindOf(i)]++;
  return found;
}

const everything = Array.from({ length: size }, (_, i) => i);
const worstFirst = (a, b) => (gravity[a] !== 0) - (gravity[b] !== 0) || (graded[a] === graded[b] ? a - b : graded[b] > graded[a] ? 1 : -1);

// ------------------------------------------------------------------------------------------------------ what is chosen

const FACETS = { subject: "Subject", family: "Family", check: "Check", outcome: "Outcome", dtype: "Dtype", order: "Order" };
const DTYPES = ["bool", "int", "uint", "float16", "bfloat16", "float32", "float64", "complex64", "complex128"];
const chosen = Object.fromEntries(Object.keys(FACETS).map((name) => [name, new Set()]));
const opened = new Set();
let query = "";
let sort = "name";
let by = "order";

const label = (name, w) => String(words[name][w]);
const byName = (name) => (a, b) => label(name, a).localeCompare(label(name, b), "en", { numeric: true });
const rank = (dtype) => (DTYPES.findIndex((d) => dtype.startsWith(d)) + 1 || DTYPES.length + 1);
const SORTED = {
  subject: (a, b) => a - b,
  check: (a, b) => a - b,
  outcome: (a, b) => a - b,
  family: (a, b) => (label("family", b) === "gradients") - (label("family", a) === "gradients") || byName("family")(a, b),
  order: (a, b) => words.order[a] - words.order[b],
  dtype: (a, b) => rank(label("dtype", a)) - rank(label("dtype", b)) || byName("dtype")(a, b),
};

function kept() {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  const masks = [[columns.op, words.op.map((op) => terms.every((t) => op.toLowerCase().includes(t)))]];
  for (const name in FACETS)
    if (chosen[name].size) masks.push([columns[name], words[name].map((_, w) => chosen[name].has(w))]);
  return everything.filter((i) => masks.every(([column, mask]) => mask[column[i]]));
}

function remember() {
  const told = new URLSearchParams();
  if (query) told.set("op", query);
  if (sort !== "name") told.set("sort", sort);
  if (by !== "order") told.set("by", by);
  for (const name in FACETS) for (const w of chosen[name]) told.append(name, label(name, w));
  if (told.toString() !== location.hash.slice(1)) location.replace(`#${told}`);
}

function recall() {
  const told = new URLSearchParams(location.hash.slice(1));
  query = told.get("op") ?? "";
  sort = offered("sort", told.get("sort"));
  by = offered("by", told.get("by"));
  for (const name in FACETS) {
    const wanted = new Set(told.getAll(name));
    chosen[name] = new Set([...words[name].keys()].filter((w) => wanted.has(label(name, w))));
  }
}

function offered(id, value) {
  const values = [...at(id).options].map((option) => option.value);
  return values.includes(value) ? value : values[0];
}

function toggle(name, w) {
  if (!chosen[name].delete(w)) chosen[name].add(w);
  show();
}

function only(name, ws) {
  chosen[name] = new Set(ws);
}

// ------------------------------------------------------------------------------------------------------ subjects

function heading() {
  const bins = SCALE.map(([text]) => h("span", {}, text));
  const titles = ["subject", "passes", "how", h("div", {}, "cases by error in eps", h("div", { class: "bins" }, ...bins)), "worst"];
  return h("div", { class: "subject titles", "aria-hidden": "true" }, ...titles.map((title) => h("div", {}, title)));
}

function card(subject) {
  const mine = everything.filter((i) => columns.subject[i] === subject);
  const tally = tallied(mine);
  const passed = tally.native + tally.composite + tally.hostcopy;
  const asked = mine.length - tally.skip;
  const there = SHOWN.filter((kind) => tally[kind]);
  const choose = { type: "button", title: "Show only this subject", onclick: () => toggle("subject", subject) };
  return h(
    "div",
    { class: "subject", "data-subject": subject },
    h("div", {}, h("h2", {}, h("button", choose, label("subject", subject))), h("small", {}, Object.entries(versions[subject]).map((v) => v.join(" ")).join(", "))),
    h("div", { class: "score" }, h("b", {}, asked ? percent(passed, asked) : "not run"), h("small", {}, asked ? `${count(passed)} of ${count(asked)}` : "no hardware here")),
    h(
      "div",
      {},
      h("div", { class: "strip", "aria-hidden": "true" }, ...there.map((kind) => part(kind, tally[kind]))),
      h("div", { class: "tally" }, ...there.map((kind) => counted(subject, kind, tally[kind])))
    ),
    histogram(mine),
    worst(subject, mine)
  );
}

function percent(part, whole) {
  const cut = Math.floor((1000 * part) / whole) / 10; // 99.97 is not 100
  return `${cut.toFixed(cut === 100 ? 0 : 1)}%`;
}

function part(kind, n) {
  const element = h("i", { class: `bg-${kind}` });
  element.style.flexGrow = n;
  return element;
}

function counted(subject, kind, n) {
  const these = () => {
    only("subject", [subject]);
    only("outcome", [...kinds.keys()].filter((o) => kinds[o] === kind));
    show();
  };
  return h("button", { type: "button", class: `k-${kind}`, onclick: these, title: "Show only these" }, sign(kind), `${count(n)} ${KINDS[kind]}`);
}

function histogram(mine) {
  const bins = new Array(SCALE.length).fill(0);
  for (const i of mine) if (graded[i] !== NONE) bins[step(graded[i])]++;
  const most = Math.log1p(Math.max(...bins));
  const bar = (n, b) => {
    const element = h("i", { class: `e${b}` });
    element.style.height = n ? `${3 + (29 * Math.log1p(n)) / most}px` : "0";
    if (!n) element.style.border = "0";
    return h("div", { title: `${plural(n, "case")} ${SCALE[b][1]}` }, element);
  };
  const said = bins.map((n, b) => `${count(n)} ${SCALE[b][1]}`).join(", ");
  return h("div", { class: "errors", role: "img", "aria-label": `Errors: ${said}` }, ...bins.map(bar));
}

function worst(subject, mine) {
  const [i] = [...mine].sort(worstFirst);
  if (graded[i] === NONE && gravity[i]) return h("div", {});
  const error = errors[i] === NONE ? "" : `, ${digits(errors[i])} eps`;
  return h(
    "button",
    { type: "button", class: "worst", onclick: () => openCases(`${label("subject", subject)}: failures and worst errors first`, mine) },
    h("b", {}, sign(kindOf(i)), label("op", columns.op[i])),
    h("small", {}, `${label("check", columns.check[i])}${error}`)
  );
}

// ------------------------------------------------------------------------------------------------------ filters

function facet(name) {
  const counts = new Uint32Array(words[name].length);
  for (const w of columns[name]) counts[w]++;
  const box = (w) =>
    h(
      "label",
      {},
      h("input", { type: "checkbox", "data-facet": name, "data-word": w }),
      name === "outcome" ? sign(kinds[w]) : null,
      label(name, w),
      h("span", {}, count(counts[w]))
    );
  const there = [...words[name].keys()].filter((w) => counts[w]).sort(SORTED[name]);
  return h("details", { name: "facet", "data-facet": name }, h("summary", {}), h("fieldset", {}, h("legend", {}, FACETS[name]), ...there.map(box)));
}

function showFilters(found) {
  for (const details of document.querySelectorAll("#facets details")) {
    const name = details.dataset.facet;
    const some = [...chosen[name]].sort(SORTED[name]).map((w) => label(name, w));
    const summary = details.firstChild;
    summary.textContent = some.length ? `${FACETS[name]}: ${some.length > 2 ? some.length : some.join(", ")}` : FACETS[name];
    summary.classList.toggle("on", some.length > 0);
    for (const input of details.querySelectorAll("input")) input.checked = chosen[name].has(+input.dataset.word);
  }
  for (const element of document.querySelectorAll(".subject"))
    element.classList.toggle("on", chosen.subject.has(+element.dataset.subject));
  const bad = failing();
  at("failures").setAttribute("aria-pressed", bad.length > 0 && bad.length === chosen.outcome.size && bad.every((o) => chosen.outcome.has(o)));
  if (at("query").value !== query) at("query").value = query;
  at("sort").value = sort;
  at("by").value = by;
  at("clear").hidden = !query && !Object.values(chosen).some((set) => set.size);
  at("list").textContent = plural(found.length, "case");
  at("list").disabled = !found.length;
}

const failing = () => [...kinds.keys()].filter((o) => kinds[o] === "fail");

function legend() {
  const scale = SCALE.map(([text], b) => h("span", { class: `e${b}` }, b === 6 ? "∞ NaN" : text));
  const signs = SHOWN.map((kind) => h("span", {}, sign(kind), KINDS[kind]));
  const aside = coarse.map((check) => label("check", check)).join(", ");
  const why = aside && `What passes ${aside} does not count: bounds above ${COARSE} eps say whether, not how well.`;
  return [h("div", { class: "scale" }, h("b", { title: why || null }, `worst error in eps${aside && `, ${aside} aside`}`), ...scale), h("div", {}, ...signs)];
}

// ------------------------------------------------------------------------------------------------------ the matrix

class Field {
  n = 0;
  error = NONE;
  tally = new Uint32Array(GRAVEST.length);

  add(i) {
    this.n++;
    this.tally[gravity[i]]++;
    if (graded[i] > this.error) this.error = graded[i];
  }

  get kind() {
    return GRAVEST[this.tally.findIndex((n) => n)];
  }
}

class Line {
  fields = new Map();
  error = NONE;
  failures = 0;
  inner = new Map();

  constructor(family, op) {
    this.family = family;
    this.op = op;
  }

  add(i, column) {
    if (!this.fields.has(column)) this.fields.set(column, new Field());
    this.fields.get(column).add(i);
    if (graded[i] > this.error) this.error = graded[i];
    if (gravity[i] === 0) this.failures++;
  }
}

const wide = () => words[by].length;
const other = () => (by === "dtype" ? "order" : "dtype");
const keyOf = (i) => columns.family[i] * words.op.length + columns.op[i];
const columnOf = (i) => columns.subject[i] * wide() + columns[by][i];

function lines(found) {
  const all = new Map();
  const inside = columns[other()];
  for (const i of found) {
    const key = keyOf(i);
    if (!all.has(key)) all.set(key, new Line(columns.family[i], columns.op[i]));
    const line = all.get(key);
    line.add(i, columnOf(i));
    if (!opened.has(key)) continue;
    if (!line.inner.has(inside[i])) line.inner.set(inside[i], new Line(columns.family[i], columns.op[i]));
    line.inner.get(inside[i]).add(i, columnOf(i));
  }
  const named = (a, b) => SORTED.family(a[1].family, b[1].family) || byName("op")(a[1].op, b[1].op);
  const down = (a, b) => (a === b ? 0 : b > a ? 1 : -1);
  const orders = {
    name: named,
    error: (a, b) => down(a[1].error, b[1].error) || named(a, b),
    failures: (a, b) => down(a[1].failures, b[1].failures) || down(a[1].error, b[1].error) || named(a, b),
  };
  return [...all].sort(orders[sort]);
}

function titled(name, w) {
  return name === "order" ? (["value", "∂", "∂²"][words.order[w]] ?? `∂${words.order[w]}`) : label(name, w);
}

function spoken(name, w) {
  return name === "order" ? (["order 0, values", "first order", "second order"][words.order[w]] ?? `order ${words.order[w]}`) : label(name, w);
}

function head(subjects, across) {
  const subject = (s) => {
    const title = h("th", { role: "columnheader", "aria-colspan": across.length, title: label("subject", s) }, label("subject", s));
    title.style.setProperty("--span", across.length);
    return title;
  };
  const part = (w, a) => h("th", { class: a === across.length - 1 ? "last" : null, role: "columnheader", title: spoken(by, w) }, titled(by, w));
  return h(
    "thead",
    { role: "rowgroup" },
    h("tr", { role: "row" }, h("td", { class: "name" }), ...subjects.map(subject)),
    h("tr", { role: "row" }, h("th", { class: "name", role: "columnheader" }, "operation"), ...subjects.flatMap(() => across.map(part)))
  );
}

function showMatrix(found) {
  const subjects = [...new Set(found.map((i) => columns.subject[i]))].sort(SORTED.subject);
  const across = [...new Set(found.map((i) => columns[by][i]))].sort(SORTED[by]);
  const places = subjects.flatMap((s) => across.map((w, a) => ({ s, w, column: s * wide() + w, last: a === across.length - 1 })));
  const body = h("tbody", { role: "rowgroup" });
  const sorted = lines(found);
  let family = null;
  for (const [key, line] of sorted) {
    if (sort === "name" && line.family !== family) {
      family = line.family;
      const n = sorted.filter(([, l]) => l.family === family).length;
      body.append(h("tr", { class: "group", role: "row" }, h("th", { role: "rowheader" }, `${label("family", family)} · ${n}`)));
    }
    const isOpen = opened.has(key);
    const title = h("th", { class: "name", role: "rowheader", tabindex: -1, "aria-expanded": String(isOpen), "data-key": key, title: `Show by ${other()}` }, label("op", line.op));
    if (sort !== "name" && label("family", line.family) !== "gradients") title.append(h("small", {}, label("family", line.family)));
    body.append(h("tr", { role: "row", "data-key": key }, title, ...places.map((place) => cell(line, place))));
    if (!isOpen) continue;
    for (const [w, inner] of [...line.inner].sort((a, b) => SORTED[other()](a[0], b[0])))
      body.append(h("tr", { class: "sub", role: "row", "data-key": key, "data-inside": w }, h("th", { class: "name", role: "rowheader", tabindex: -1 }, titled(other(), w)), ...places.map((place) => cell(inner, place))));
  }
  if (!sorted.length) body.append(h("tr", { class: "nothing", role: "row" }, h("td", { role: "gridcell" }, size ? "Nothing matches. Clear a filter, or search for less." : "The report has no results.")));
  at("matrix").className = by;
  at("matrix").style.setProperty("--places", places.length);
  at("matrix").style.setProperty("--subjects", subjects.length);
  at("matrix").replaceChildren(head(subjects, across), body);
  at("status").textContent = `${plural(found.length, "case")} of ${count(size)}, ${plural(sorted.length, "operation")}`;
}

function cell(line, place) {
  const field = line.fields.get(place.column);
  const last = place.last ? " last" : "";
  if (!field) return h("td", { class: `none${last}`, role: "gridcell", tabindex: -1, "aria-label": "no cases" });
  const kind = field.kind;
  const coloured = PASSES.has(kind) && field.error !== NONE ? ` e${step(field.error)}` : PASSES.has(kind) ? " e0" : "";
  const where = `${label("op", line.op)}, ${label("subject", place.s)}, ${spoken(by, place.w)}`;
  const error = field.error === NONE ? "" : `, worst error ${digits(field.error)} eps`;
  const several = GRAVEST.filter((_, g) => field.tally[g]).map((k) => `${count(field.tally[GRAVEST.indexOf(k)])} ${KINDS[k]}`);
  const td = h("td", { class: `k-${kind}${coloured}${last}`, role: "gridcell", tabindex: -1, "data-column": place.column, "aria-label": `${where}: ${several.join(", ")}${error}` }, sign(kind), digits(field.error));
  if (several.length > 1) {
    const shares = SHOWN.filter((k) => field.tally[GRAVEST.indexOf(k)]);
    td.append(h("span", { class: "mix", "aria-hidden": "true" }, ...shares.map((k) => part(k, field.tally[GRAVEST.indexOf(k)]))));
  }
  return td;
}

function choose(target) {
  const line = target.closest("tr");
  const key = Number(line.dataset.key);
  if (target.matches(".name[aria-expanded]")) {
    if (!opened.delete(key)) opened.add(key);
    show();
    const again = document.querySelector(`#matrix .name[data-key="${key}"]`);
    focusOn(again, document.activeElement === document.body);
  } else if (target.dataset.column) {
    const { column } = target.dataset;
    const { inside } = line.dataset;
    const these = kept().filter((i) => keyOf(i) === key && columnOf(i) === +column && (inside === undefined || columns[other()][i] === +inside));
    openCases(target.getAttribute("aria-label").split(":", 1)[0], these);
  }
}

// One stop of the tab key; arrows move inside.
function focusOn(target, really = true) {
  document.querySelector('#matrix [tabindex="0"]')?.setAttribute("tabindex", -1);
  target.setAttribute("tabindex", 0);
  if (really) target.focus();
}

const MOVES = { ArrowUp: -1, ArrowDown: 1, PageUp: -15, PageDown: 15 };

function move(event) {
  const here = event.target.closest("[tabindex]");
  const line = here?.closest("tbody tr");
  if (!line) return;
  const place = here.cellIndex;
  let next = null;
  if (event.key in MOVES) {
    const there = [...line.parentElement.querySelectorAll("tr:not(.group, .nothing)")];
    const to = Math.min(there.length - 1, Math.max(0, there.indexOf(line) + MOVES[event.key]));
    next = there[to].cells[place];
  } else if (event.key === "ArrowRight") next = line.cells[place + 1] ?? here;
  else if (event.key === "ArrowLeft") next = line.cells[place - 1] ?? here;
  else if (event.key === "Home") next = line.cells[0];
  else if (event.key === "End") next = line.cells[line.cells.length - 1];
  else if (event.key === "Enter" || event.key === " ") choose(here);
  else return;
  event.preventDefault();
  if (next) focusOn(next);
}

// ------------------------------------------------------------------------------------------------------ the cases

const ROW = 44; // pixels, as in the style
let listed = [];
let selected = 0;

function openCases(title, indexes) {
  listed = [...indexes].sort(worstFirst);
  const tally = tallied(listed);
  at("cases-title").textContent = title;
  at("cases-counts").replaceChildren(...SHOWN.filter((k) => tally[k]).map((k) => h("span", {}, sign(k), `${count(tally[k])} ${KINDS[k]}`)));
  at("list-rows").style.height = `${ROW * listed.length}px`;
  at("cases").showModal();
  at("list-box").scrollTop = 0;
  select(0);
  at("list-box").focus();
}

// Only the rows in sight are there.
function showRows() {
  const box = at("list-box");
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 5);
  const last = Math.min(listed.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 5);
  const rows = [];
  for (let r = first; r < last; r++) rows.push(row(r));
  at("list-rows").replaceChildren(...rows);
  box.setAttribute("aria-activedescendant", `row-${selected}`);
}

function row(r) {
  const i = listed[r];
  const kind = kindOf(i);
  const of = (name) => label(name, columns[name][i]);
  const element = h(
    "div",
    { class: `row k-${kind}`, id: `row-${r}`, role: "option", "aria-selected": r === selected ? "true" : "false", "aria-posinset": r + 1, "aria-setsize": listed.length },
    sign(kind),
    h("div", { class: "what" }, h("b", {}, of("case")), h("span", {}, `${of("subject")} · ${of("check")} · ${of("dtype")}${PASSES.has(kind) ? "" : ` · ${of("outcome")}`}`)),
    errors[i] === NONE ? h("span", {}) : h("span", { class: graded[i] === NONE ? "eps" : `eps e${step(graded[i])}` }, digits(errors[i]))
  );
  element.style.top = `${ROW * r}px`;
  return element;
}

function select(r) {
  selected = Math.min(listed.length - 1, Math.max(0, r));
  const box = at("list-box");
  if (ROW * selected < box.scrollTop) box.scrollTop = ROW * selected;
  if (ROW * (selected + 1) > box.scrollTop + box.clientHeight) box.scrollTop = ROW * (selected + 1) - box.clientHeight;
  showRows();
  at("case").replaceChildren(...details(listed[selected]));
  at("case").scrollTop = 0;
}

function details(i) {
  const of = (name) => label(name, columns[name][i]);
  const kind = kindOf(i);
  const bound = columns.bound[i];
  const compared = errors[i] === NONE ? "none" : `${digits(errors[i])} eps`;
  const libraries = Object.entries(versions[columns.subject[i]]).map((v) => v.join(" "));
  const facts = [
    ["Subject", [of("subject"), libraries.length ? ` (${libraries.join(", ")})` : ""].join("")],
    ["Question", `${of("family")}, ${of("check")}`],
    ["Operation", of("op")],
    ["Order, dtype", `${of("order")}, ${of("dtype")}`],
    ["Worst error", bound === null ? compared : `${compared}, of ${digits(bound === "inf" ? INFINITE : bound)} that pass`],
    ["Time", `${count(columns.milliseconds[i])} ms`],
  ];
  return [
    h("h3", {}, of("case")),
    h("div", { class: `verdict k-${kind}` }, h("b", {}, sign(kind), of("outcome")), h("span", {}, outcomes[columns.outcome[i]].meaning)),
    h("dl", {}, ...facts.flatMap(([term, said]) => [h("dt", {}, term), h("dd", {}, said)])),
    text("Message", of("message"), "wrap"),
    text("Script that shows it alone", of("repro"), ""),
  ].filter((element) => element !== null);
}

function text(title, said, style) {
  if (!said) return null;
  const pre = h("pre", { class: style, tabindex: 0 }, said);
  const button = h("button", { type: "button", class: "copy", "aria-label": `Copy: ${title}` }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copied(said, pre)) ? "Copied" : "Selected: press Ctrl+C";
  });
  return h("section", {}, h("header", {}, h("h4", {}, title), button), pre);
}

async function copied(said, pre) {
  try {
    await navigator.clipboard.writeText(said);
    return true;
  } catch {
    getSelection().selectAllChildren(pre); // no permission, or no clipboard for files: the reader does it
    return false;
  }
}

function walk(event) {
  const moves = { ...MOVES, PageUp: -10, PageDown: 10, Home: -listed.length, End: listed.length };
  if (!(event.key in moves)) return;
  event.preventDefault();
  select(selected + moves[event.key]);
}

// ------------------------------------------------------------------------------------------------------ the page

function show() {
  const held = document.activeElement?.closest?.("#matrix [tabindex]") !== null;
  const found = kept();
  showFilters(found);
  showMatrix(found);
  const first = document.querySelector("#matrix tbody .name");
  if (first) focusOn(first, held);
  remember();
}

function later(act) {
  let waiting = 0;
  return () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(act);
  };
}

function listen() {
  at("query").addEventListener("input", later(() => { query = at("query").value.trim(); show(); }));
  at("sort").addEventListener("change", () => { sort = at("sort").value; show(); });
  at("by").addEventListener("change", () => { by = at("by").value; show(); });
  at("facets").addEventListener("change", (event) => toggle(event.target.dataset.facet, +event.target.dataset.word));
  at("failures").addEventListener("click", () => {
    only("outcome", at("failures").getAttribute("aria-pressed") === "true" ? [] : failing());
    show();
  });
  at("clear").addEventListener("click", () => {
    query = "";
    for (const name in FACETS) only(name, []);
    show();
    at("query").focus();
  });
  at("list").addEventListener("click", () => openCases("Cases that are shown, failures and worst errors first", kept()));
  at("matrix").addEventListener("click", (event) => {
    const target = event.target.closest("tbody [tabindex]");
    if (!target) return;
    focusOn(target);
    choose(target);
  });
  at("matrix").addEventListener("keydown", move);
  at("list-box").addEventListener("scroll", later(showRows));
  at("list-box").addEventListener("keydown", walk);
  at("list-rows").addEventListener("click", (event) => {
    const target = event.target.closest(".row");
    if (target) select(Number(target.id.slice(4)));
  });
  at("close").addEventListener("click", () => at("cases").close());
  at("cases").addEventListener("click", (event) => event.target === at("cases") && at("cases").close()); // its backdrop
  at("theme").addEventListener("click", () => paint(!dark()));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select, dialog")) {
      event.preventDefault();
      at("query").focus();
    }
    if (event.key === "Escape") closeFacets(null);
  });
  document.addEventListener("click", (event) => closeFacets(event.target.closest("#facets details")));
  addEventListener("hashchange", () => { recall(); show(); });
}

function closeFacets(but) {
  for (const details of document.querySelectorAll("#facets details[open]")) if (details !== but) details.open = false;
}

const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function paint(toDark) {
  document.documentElement.dataset.theme = toDark ? "dark" : "light";
}

function begin() {
  const against = Object.entries(reference).filter(([name]) => name !== "hash").map((v) => v.join(" "));
  const hash = reference.hash ? ` (${reference.hash.slice(0, 12)})` : "";
  at("facts").textContent = [
    `${plural(size, "case")} of ${plural(words.subject.length, "subject")}`,
    ...(against.length ? [`against ${against.join(", ")}${hash}`] : []),
    `kit ${kit}, plugrad ${plugrad}`,
  ].join(" · ");
  at("subjects").append(heading(), ...[...words.subject.keys()].map(card));
  at("facets").append(...Object.keys(FACETS).map(facet));
  at("legend").append(...legend());
  recall();
  listen();
  show();
  performance.mark("shown");
}

begin();
