/**
 * The fields that narrow the list of events, and the field that explains a title.
 *
 * Neighbours: events-area.js shows them. What is typed goes into the address, and the list follows.
 */

import { button, debounce, h } from "../dom.js";
import { attemptQuietly } from "../toasts.js";
import { board } from "./board-api.js";
import { isoOf } from "./words.js";

/** @typedef {import("../types.js").App} App */

const TYPING_MS = 300;

/** Of so many days the types and sources are offered to choose from. */
const OFFERED = "30d";

const FIELDS = /** @type {const} */ ([
  { name: "type", label: "Type", type: "search" },
  { name: "source", label: "Source", type: "search" },
  { name: "actor", label: "Actor", type: "search" },
  { name: "since", label: "Since", type: "datetime-local" },
  { name: "until", label: "Until", type: "datetime-local" },
]);

/** On a phone the fields would fill the screen. */
const NARROW = matchMedia("(max-width: 860px)");

let nextId = 1;

/**
 * @param {App} app
 * @param {{explain: (item: string) => void}} on
 * @returns {HTMLElement}
 */
export function filterForm(app, { explain }) {
  const { words } = app.store.state.place;
  const controls = FIELDS.map((field) => control(field, words));
  const write = () => {
    const { place } = app.store.state;
    const typed = controls.map(({ input }) => [input.name, input.value.trim()]);
    app.navigation.replace({ words: { ...place.words, ...Object.fromEntries(typed) } });
  };
  const clear = () => {
    for (const { input } of controls) input.value = "";
    write();
  };
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Events" },
    ...controls.map(({ label }) => label),
    button("Clear", { class: "button quiet", onclick: clear }),
  );
  form.addEventListener("input", debounce(write, TYPING_MS));
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    write();
  });
  offer(controls);
  const isNarrowed = FIELDS.some(({ name }) => words[name]);
  return h(
    "details",
    { class: "filter-box", open: isNarrowed || !NARROW.matches },
    h("summary", {}, "Filter and explain"),
    h("div", { class: "filter-row" }, form, explainForm(explain)),
  );
}

/**
 * @param {typeof FIELDS[number]} field
 * @param {Readonly<Record<string, string>>} words
 */
function control({ name, label, type }, words) {
  const listId = `offered-${nextId++}`;
  const isText = type === "search";
  const input = h("input", {
    class: "input",
    type,
    name,
    value: words[name] ?? "",
    list: isText ? listId : null,
    autocomplete: "off",
    spellcheck: isText ? "false" : null,
  });
  const list = h("datalist", { id: listId });
  const text = h("span", { class: "field-label" }, label);
  return { input, list, label: h("label", { class: "field" }, text, input, isText ? list : null) };
}

/**
 * Offers the types and sources there were lately.
 *
 * @param {{input: HTMLInputElement, list: HTMLElement}[]} controls
 */
async function offer(controls) {
  const answer = await attemptQuietly(() => board.summary({ since: OFFERED }));
  if (!answer) return;
  for (const name of /** @type {const} */ (["type", "source"])) {
    const values = [...new Set(answer.days.map((day) => day[name]))].sort();
    const list = controls.find(({ input }) => input.name === name)?.list;
    list?.append(...values.map((value) => h("option", { value })));
  }
}

/** @param {(item: string) => void} explain */
function explainForm(explain) {
  const input = h("input", {
    class: "input",
    name: "explain",
    required: true,
    placeholder: "Name, path or id",
    autocomplete: "off",
  });
  const text = h("span", { class: "field-label" }, "Explain a title");
  const form = h(
    "form",
    { class: "filters explain-form" },
    h("label", { class: "field" }, text, input),
    button("Explain", { type: "submit" }),
  );
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    explain(input.value.trim());
  });
  return form;
}

/**
 * The query of GET /api/events that an address means.
 *
 * @param {Readonly<Record<string, string>>} words
 */
export function queryOf({ type, source, actor, since, until }) {
  return {
    type: type || undefined,
    source: source || undefined,
    actor: actor || undefined,
    since: isoOf(since ?? ""),
    until: isoOf(until ?? ""),
  };
}
