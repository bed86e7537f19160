/**
 * A row of a view as it was, unfolded field by field, with what is different now.
 *
 * Neighbours: past-area.js lists them. What a row is now is asked for when it is unfolded, where
 * the page of today's rows did not hold it.
 */

import { h } from "../dom.js";
import { attempt } from "../toasts.js";
import { board } from "./board-api.js";
import { glance, valueText } from "./words.js";

const PATHS_MAX = 300;
const DEPTH_MAX = 4;
const CONTAINS_CHARS_MAX = 256;

/**
 * @typedef {object} PastRow
 * @property {(string | number)[]} key
 * @property {any} row
 * @property {any} now - null: there is none any more; undefined: not known yet.
 * @property {boolean} isNow - What is shown is now.
 */

/**
 * @param {PastRow} past
 * @param {{view: string}} how
 * @returns {HTMLElement}
 */
export function pastRow({ key, row, now, isNow }, { view }) {
  const body = h("div", { class: "past-fields" });
  const details = h(
    "details",
    {},
    h(
      "summary",
      {},
      h("strong", {}, key.map(String).join(" · ") || "(the only row)"),
      isNow ? null : badge(row, now),
      h("span", { class: "glance" }, glance(row)),
    ),
    body,
  );
  details.addEventListener("toggle", async () => {
    if (!details.open || body.children.length > 0) return;
    const present = isNow ? row : (now ?? (now === null ? null : await rowNow(view, key)));
    body.replaceChildren(fields(row, present, { isNow }));
  });
  return h("li", { class: "past-row" }, details);
}

/**
 * @param {any} row
 * @param {any} now
 */
function badge(row, now) {
  if (now === undefined) return null;
  if (now === null) return h("span", { class: "badge warning" }, "gone now");
  const isSame = JSON.stringify(row) === JSON.stringify(now);
  return isSame
    ? h("span", { class: "badge" }, "as it is now")
    : h("span", { class: "badge warning" }, "different now");
}

/**
 * @param {string} view
 * @param {(string | number)[]} key
 */
async function rowNow(view, key) {
  const text = JSON.stringify(key);
  const query = { contains: text.slice(0, CONTAINS_CHARS_MAX), limit: "10" };
  const page = await attempt(() => board.viewAt(view, query));
  return page?.rows.find((found) => JSON.stringify(found.key) === text)?.row ?? null;
}

/**
 * @param {any} row
 * @param {any} now
 * @param {{isNow: boolean}} how
 */
function fields(row, now, { isNow }) {
  const then = new Map(paths(row, "", DEPTH_MAX));
  const present = new Map(now === null ? [] : paths(now, "", DEPTH_MAX));
  const names = [...new Set([...then.keys(), ...present.keys()])].slice(0, PATHS_MAX);
  const lines = names.map((name) => {
    const before = textOf(then, name);
    const after = textOf(present, name);
    const isSame = isNow || before === after;
    return h(
      "tr",
      { class: isSame ? null : "differs" },
      h("th", { scope: "row" }, name),
      h("td", {}, before),
      isNow ? null : h("td", {}, isSame ? "the same" : after),
    );
  });
  const head = ["Field", isNow ? "Now" : "Then", isNow ? "" : "Now"].filter(Boolean);
  const box = { class: "scroll-box", tabindex: "0", role: "region", "aria-label": "Fields" };
  return h(
    "div",
    box,
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...lines),
    ),
  );
}

/**
 * @param {Map<string, unknown>} found
 * @param {string} name
 */
function textOf(found, name) {
  return found.has(name) ? valueText(found.get(name)) : "–";
}

/**
 * The values inside a value, by where they are.
 *
 * @param {any} value
 * @param {string} path
 * @param {number} depth_max
 * @returns {[string, unknown][]}
 */
function paths(value, path, depth_max) {
  const isInner = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isInner || depth_max === 0) return [[path || "value", value]];
  return Object.entries(value).flatMap(([name, inner]) =>
    paths(inner, path ? `${path}.${name}` : name, depth_max - 1),
  );
}
