/**
 * One organizer: its directory, what it would do there now, and having it do that.
 *
 * Neighbours: organizers-area.js lists them.
 */

import { confirm } from "../dialogs.js";
import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { attempt, tell } from "../toasts.js";
import { board } from "./board-api.js";

/** @typedef {import("./shapes.js").Organizer} Organizer */

/** Files of a list that are shown. */
const SHOWN_MAX = 100;

/**
 * @param {Organizer} plan
 * @param {{lookAgain: () => void}} on
 */
export function organizerCard(plan, { lookAgain }) {
  const { organizer, folder, problem, hint, moves, leaves, unfinished, truncated } = plan;
  const run = button("File now", {
    class: "button small",
    "aria-label": `File now what ${organizer} would`,
    onclick: () => fileNow(plan, lookAgain),
  });
  run.disabled = moves.length === 0;
  return h(
    "li",
    { class: "tile organizer" },
    h(
      "div",
      { class: "tile-head" },
      h("strong", {}, organizer),
      problem
        ? h("span", { class: "badge warning" }, "cannot work")
        : h("span", { class: "badge" }, moves.length > 0 ? "has work" : "all is filed"),
      truncated ? h("span", { class: "badge warning" }, "more than is listed") : null,
    ),
    h("small", {}, folder),
    problem ? h("p", { class: "reason" }, `${problem} ${hint}`) : null,
    list(`${plural(moves.length, "file")} to be filed`, moves, moveLine, { isOpen: true }),
    list(
      plural(leaves.length, "file left alone", "files left alone"),
      leaves,
      ({ path, reason }) => [h("span", {}, path), h("small", {}, reason)],
    ),
    list(`${plural(unfinished.length, "file")} still being written`, unfinished, (path) => [path]),
    problem ? null : h("div", { class: "tile-buttons" }, run),
  );
}

/** @param {Organizer["moves"][number]} move */
function moveLine({ path, new_path, companions, beside }) {
  const along = Object.keys(companions).length;
  return [
    h("span", {}, path),
    h("span", {}, "→\u00a0", h("ins", {}, new_path)),
    beside ? h("small", {}, "Its name is taken: it is put beside.") : null,
    along > 0 ? h("small", {}, `with ${plural(along, "companion file")}`) : null,
  ];
}

/**
 * @template T
 * @param {string} title
 * @param {T[]} items
 * @param {(item: T) => (Node | string | null)[]} line
 * @param {{isOpen?: boolean}} [how]
 */
function list(title, items, line, { isOpen = false } = {}) {
  if (items.length === 0) return null;
  const lines = items.slice(0, SHOWN_MAX).map((item) => h("li", {}, ...line(item)));
  const more = items.length - lines.length;
  if (more > 0) lines.push(h("li", { class: "none" }, `and ${count(more)} more`));
  const summary = h("summary", {}, title);
  return h("details", { open: isOpen }, summary, h("ul", { class: "moves" }, ...lines));
}

/**
 * @param {Organizer} plan
 * @param {() => void} lookAgain
 */
async function fileNow({ organizer, moves, folder }, lookAgain) {
  const isSure = await confirm({
    title: `File ${plural(moves.length, "file")} now?`,
    text: `They are moved within ${folder}. Nothing is overwritten, and each can be put back.`,
    accept: "File",
  });
  if (!isSure) return;
  const answer = await attempt(() => board.fileNow(organizer));
  const [done] = answer?.organizers ?? [];
  if (done) tell(said(done));
  lookAgain();
}

/** @param {Organizer} done */
function said({ organizer, moves, failed, problem }) {
  if (problem) return `${organizer}: ${problem}`;
  const lost = Object.entries(failed);
  const rest = lost.length > 0 ? ` ${lost[0]?.[0]} was not: ${lost[0]?.[1]}` : "";
  return `${organizer} filed ${plural(moves.length, "file")}.${rest}`;
}
