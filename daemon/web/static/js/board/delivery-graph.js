/**
 * A graph of what became of deliveries when: above the line those that were written, below it tries
 * that failed and, in stripes, those that were given up.
 *
 * Neighbours: graph.js shows it below the one of all events, over the same time. Where a bar is and
 * how it is filled tells as much as its colour.
 */

import { h } from "../dom.js";
import { count, plural } from "../format.js";
import { svg } from "./svg.js";
import { momentText } from "./words.js";

const WIDTH = 960;
const HEIGHT = 100;
const LINE = HEIGHT / 2;
const GAP = 1;

/** One in a stretch of thousands is still seen. */
const SEEN_MIN = 4;

/** Given up: stripes across a bar. */
const STRIPES = "2 2";

/** What became of deliveries: the second word of its events' types, and its name here. */
export const OUTCOMES = /** @type {const} */ ([
  { word: "delivered", name: "Written", look: "written" },
  { word: "failed", name: "Failed tries", look: "failed" },
  { word: "abandoned", name: "Given up", look: "lost" },
]);

/** @typedef {import("./graph.js").Column} Column */

/**
 * As many as there were of each outcome.
 *
 * @param {Record<string, number>} deliveries
 */
export function outcomesOf(deliveries) {
  return OUTCOMES.map(({ word }) => deliveries[word] ?? 0);
}

/**
 * @param {Column[]} columns
 * @returns {Node[]}
 */
export function deliveryGraph(columns) {
  const sums = OUTCOMES.map((_, index) =>
    columns.reduce((sum, { outcomes }) => sum + (outcomes[index] ?? 0), 0),
  );
  const [written = 0, failed = 0, lost = 0] = sums;
  const legend = OUTCOMES.map(({ name, look }, index) =>
    h(
      "li",
      { "data-outcome": look },
      h("span", { class: "swatch" }),
      `${name} ${count(sums[index] ?? 0)}`,
    ),
  );
  const label =
    `Deliveries over the same time: ${count(written)} written, above the line; below it` +
    ` ${plural(failed, "failed try", "failed tries")} and ${count(lost)} given up.`;
  return [
    h("h3", {}, "Deliveries"),
    drawing(columns, label),
    h("ul", { class: "legend" }, ...legend),
  ];
}

/**
 * @param {Column[]} columns
 * @param {string} label
 */
function drawing(columns, label) {
  const picture = svg("svg", {
    class: "graph is-split",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": label,
  });
  const most = Math.max(
    1,
    ...columns.flatMap(({ outcomes: [written = 0, failed = 0, lost = 0] }) => [
      written,
      failed + lost,
    ]),
  );
  const width = WIDTH / Math.max(1, columns.length);
  const tall = (/** @type {number} */ number) =>
    number === 0 ? 0 : Math.max(SEEN_MIN, (number / most) * (LINE - SEEN_MIN));
  columns.forEach((column, index) => {
    picture.append(bar(column, { x: index * width, width: Math.max(1, width - GAP), tall }));
  });
  const ground = { class: "ground", x1: 0, x2: WIDTH, y1: LINE, y2: LINE };
  picture.append(svg("line", ground));
  return picture;
}

/**
 * @param {Column} column
 * @param {{x: number, width: number, tall: (number: number) => number}} place
 */
function bar({ at, outcomes: [written = 0, failed = 0, lost = 0] }, { x, width, tall }) {
  const group = svg("g", {});
  const title = svg("title", {});
  title.textContent = `${momentText(at)}: ${written} written, ${failed} failed, ${lost} given up`;
  group.append(title);
  const above = tall(written);
  const below = tall(failed);
  const last = tall(lost);
  if (above > 0) {
    const box = { x, y: LINE - above, width, height: above };
    group.append(svg("rect", { ...box, "data-outcome": "written" }));
  }
  if (below > 0) {
    const box = { x, y: LINE, width, height: below };
    group.append(svg("rect", { ...box, "data-outcome": "failed" }));
  }
  if (last > 0) {
    const middle = x + width / 2;
    const ends = { x1: middle, x2: middle, y1: LINE + below, y2: LINE + below + last };
    const look = { "stroke-width": width, "stroke-dasharray": STRIPES };
    group.append(svg("line", { ...ends, ...look, "data-outcome": "lost" }));
  }
  return group;
}
