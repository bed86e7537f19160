/**
 * The fields that choose what is to be undone.
 *
 * Neighbours: undo-area.js follows the address, which these write.
 */

import { field } from "../dialogs.js";
import { button, h } from "../dom.js";
import { attemptQuietly } from "../toasts.js";
import { board } from "./board-api.js";
import { isoOf, localOf, msOf } from "./words.js";

/** @typedef {import("../types.js").App} App */

const CHOOSING = ["first", "last", "since", "until", "cause", "server", "user", "media"];

/** @param {Readonly<Record<string, string>>} words */
export function isEmptyChoice(words) {
  return CHOOSING.every((name) => !words[name]);
}

/**
 * @param {App} app
 * @returns {HTMLElement}
 */
export function undoForm(app) {
  const { words } = app.store.state.place;
  const number = (/** @type {string} */ name) =>
    h("input", { class: "input", type: "number", min: 1, step: 1, value: words[name] ?? "" });
  const moment = (/** @type {string} */ name) => {
    const value = words[name] ? localOf(msOf(words[name])) : "";
    return h("input", { class: "input", type: "datetime-local", step: 1, value });
  };
  const choice = () => h("select", { class: "select" }, h("option", { value: "" }, "Any"));
  /** @type {Record<string, any>} */
  const controls = {
    first: number("first"),
    last: number("last"),
    since: moment("since"),
    until: moment("until"),
    server: choice(),
    user: choice(),
    cause: number("cause"),
    media: h("input", { class: "input", autocomplete: "off", value: words.media ?? "" }),
    force: h("input", { type: "checkbox", checked: words.force === "yes" }),
  };
  fill(controls, words);
  const form = h(
    "form",
    { class: "undo-form", "aria-label": "What is to be undone" },
    field("From event", controls.first),
    field("To event", controls.last),
    field("Since", controls.since),
    field("Until", controls.until),
    field("Server", controls.server),
    field("Person", controls.user),
    field("What followed from event", controls.cause),
    field("Title (media key)", controls.media),
    h(
      "label",
      { class: "choice" },
      controls.force,
      h("span", {}, "Also what was changed again since"),
    ),
    button("Show the plan", { type: "submit", class: "button primary" }),
  );
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    write(app, controls);
  });
  return form;
}

/**
 * @param {App} app
 * @param {Record<string, any>} controls
 */
function write(app, controls) {
  const chosen = Object.entries(controls).map(([name, { type, value, checked }]) => {
    if (type === "checkbox") return [name, checked ? "yes" : ""];
    if (type === "datetime-local") return [name, isoOf(value) ?? ""];
    return [name, value.trim()];
  });
  const words = Object.fromEntries(chosen.filter(([, value]) => value));
  const before = app.store.state.place;
  app.navigation.go({ words });
  const { place } = app.store.state;
  if (place === before) app.store.update({ place: { ...place } }); // the same again: a plan anew
}

/**
 * @param {Record<string, any>} controls
 * @param {Readonly<Record<string, string>>} words
 */
async function fill(controls, words) {
  const answers = await attemptQuietly(() => Promise.all([board.servers(), board.people()]));
  if (!answers) return;
  const [servers, { people }] = answers;
  const offered = { server: servers.map(({ name }) => name), user: people.map(({ name }) => name) };
  for (const [name, values] of Object.entries(offered)) {
    const chosen = words[name];
    const all = chosen && !values.includes(chosen) ? [...values, chosen] : values;
    controls[name].append(...all.map((value) => h("option", { value }, value)));
    controls[name].value = chosen ?? "";
  }
}
