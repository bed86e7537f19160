/**
 * A graph of how much was recorded when, and below it what became of deliveries; with the same in a
 * table for those who do not see them.
 *
 * Neighbours: events-area.js shows it, delivery-graph.js draws the deliveries. Drawn as SVG with
 * classes only: the content security policy forbids styles in the page.
 */

import { h } from "../dom.js";
import { count, plural } from "../format.js";
import { OUTCOMES, deliveryGraph, outcomesOf } from "./delivery-graph.js";
import { svg } from "./svg.js";
import { momentText } from "./words.js";

/** @typedef {import("./shapes.js").Activity} Activity */

const WIDTH = 960;
const HEIGHT = 120;
const GAP = 1;

/** Kinds of events, from the bottom of a bar to its top; all else is above them. */
const KINDS = /** @type {const} */ ([
  { name: "Deliveries", words: ["delta"] },
  { name: "Watching", words: ["position", "userdata", "streams", "playlist"] },
  {
    name: "Servers",
    words: ["webhook", "socket", "pokes", "sweep", "server", "items", "accounts"],
  },
  { name: "Files", words: ["media", "project", "source", "upload", "batch", "trash", "organizer"] },
]);
const OTHERS = "Others";
const NAMES = [...KINDS.map(({ name }) => name), OTHERS];

/**
 * @typedef {object} Column - A stretch of time.
 * @property {string} at
 * @property {number[]} parts - Events by kind.
 * @property {number[]} outcomes - Deliveries by what became of them.
 */

/** @param {string} word */
function kindIndex(word) {
  const index = KINDS.findIndex(({ words }) =>
    /** @type {readonly string[]} */ (words).includes(word),
  );
  return index < 0 ? KINDS.length : index;
}

/** @param {Record<string, number>} counts */
function sums(counts) {
  const found = NAMES.map(() => 0);
  for (const [word, number] of Object.entries(counts)) {
    const index = kindIndex(word);
    found[index] = (found[index] ?? 0) + number;
  }
  return found;
}

/**
 * @param {Activity} activity
 * @returns {Node[]}
 */
export function activityGraph({ buckets, cut }) {
  const columns = buckets.map(({ at, counts, deliveries }) => ({
    at,
    parts: sums(counts),
    outcomes: outcomesOf(deliveries),
  }));
  const totals = columns.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0));
  const most = Math.max(1, ...totals);
  const all = totals.reduce((sum, total) => sum + total, 0);
  const legend = NAMES.map((name, index) => {
    const sum = columns.reduce((total, { parts }) => total + (parts[index] ?? 0), 0);
    return h("li", { "data-kind": index }, h("span", { class: "swatch" }), `${name} ${count(sum)}`);
  });
  const from = momentText(buckets[0]?.at);
  const label = `${plural(all, "event")} since ${from}, at most ${count(most)} at a time.`;
  return [
    drawing(columns, most, label),
    h("div", { class: "graph-ends" }, h("span", {}, from), h("span", {}, "now")),
    h("ul", { class: "legend" }, ...legend),
    ...deliveryGraph(columns),
    cut ? h("p", { class: "none" }, "There were more events than are counted here.") : "",
    table(columns),
  ].map((node) => (typeof node === "string" ? document.createTextNode(node) : node));
}

/**
 * @param {Column[]} columns
 * @param {number} most
 * @param {string} label
 */
function drawing(columns, most, label) {
  const picture = svg("svg", {
    class: "graph",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": label,
  });
  const width = WIDTH / Math.max(1, columns.length);
  columns.forEach(({ at, parts }, index) => {
    let top = HEIGHT;
    const column = svg("g", {});
    const title = svg("title", {});
    title.textContent = `${momentText(at)}: ${parts.reduce((sum, part) => sum + part, 0)}`;
    column.append(title);
    parts.forEach((part, kind) => {
      if (part === 0) return;
      const height = Math.max(1, (part / most) * HEIGHT);
      top -= height;
      const place = { x: index * width, y: top, width: Math.max(1, width - GAP), height };
      column.append(svg("rect", { ...place, "data-kind": kind }));
    });
    picture.append(column);
  });
  return picture;
}

/** @param {Column[]} columns */
function table(columns) {
  const filled = columns.filter(({ parts }) => parts.some((part) => part > 0)).reverse();
  const names = [...NAMES, ...OUTCOMES.map(({ name }) => `Deliveries: ${name.toLowerCase()}`)];
  const head = names.map((name) => h("th", { scope: "col" }, name));
  const rows = filled.map(({ at, parts, outcomes }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, momentText(at)),
      ...[...parts, ...outcomes].map((part) => h("td", {}, count(part))),
    ),
  );
  return h(
    "details",
    { class: "graph-table" },
    h("summary", {}, "The same as a table"),
    h(
      "div",
      {
        class: "scroll-box",
        tabindex: "0",
        role: "region",
        "aria-label": "Events by time and kind",
      },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "From"), ...head)),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}
