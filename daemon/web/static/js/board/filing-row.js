/**
 * A file that was filed: from where to where, when, and putting it back.
 *
 * Neighbours: organizers-area.js lists them. Before a file is put back the daemon is asked what
 * that would do, and the reader sees it.
 */

import { ask, inform } from "../dialogs.js";
import { button, h } from "../dom.js";
import { attempt, tell } from "../toasts.js";
import { board } from "./board-api.js";
import { eventLink } from "./explanation.js";
import { when } from "./words.js";

/** @typedef {import("./shapes.js").Filing} Filing */

/**
 * @param {Filing} filing
 * @param {import("../types.js").App} app
 * @param {{lookAgain: () => void}} on
 */
export function filingRow(filing, app, { lookAgain }) {
  const { seq, at, organizer, path, new_path, companions, state, undone_at } = filing;
  const isUndone = state === "undone";
  const undo = button("Put back", {
    class: "button small",
    "aria-label": `Put ${new_path} back`,
    onclick: () => putBack(filing, lookAgain),
  });
  return h(
    "li",
    { class: "tile filing" },
    h(
      "div",
      { class: "tile-head" },
      h("strong", {}, new_path),
      isUndone ? h("span", { class: "badge" }, "put back ", when(undone_at)) : null,
    ),
    h("p", {}, `was\u00a0${path}`),
    h("small", {}, `${organizer} · `, when(at), " · ", eventLink(app, seq)),
    belonging(companions),
    isUndone ? null : h("div", { class: "tile-buttons" }, undo),
  );
}

/** @param {Record<string, string>} companions */
function belonging(companions) {
  const pairs = Object.entries(companions);
  if (pairs.length === 0) return null;
  const lines = pairs.map(([old, now]) =>
    h("li", {}, h("span", {}, old), h("span", {}, `→\u00a0${now}`)),
  );
  return h(
    "details",
    {},
    h("summary", {}, "What belongs to it"),
    h("ul", { class: "moves" }, ...lines),
  );
}

/**
 * @param {Filing} filing
 * @param {() => void} lookAgain
 */
async function putBack({ id, new_path, organizer }, lookAgain) {
  const plan = await attempt(() => board.unfile({ ids: [id], confirm: false }));
  const [step] = plan?.steps ?? [];
  if (!step) return;
  const { path, old_path, companions, refused } = step;
  if (refused) {
    inform("It cannot be put back", h("p", { class: "dialog-text" }, `${path}: ${refused}.`));
    return;
  }
  const lines = [[path, old_path], ...Object.entries(companions)].map(([from = "", to = ""]) =>
    h("li", {}, h("span", {}, from), h("span", {}, "→\u00a0", h("ins", {}, to))),
  );
  const isSure = await ask({
    title: "Put this file back?",
    text: `${organizer} leaves it there while it stays as it is. Nothing is overwritten.`,
    content: h("ul", { class: "moves" }, ...lines),
    accept: "Put back",
    read: () => true,
  });
  if (!isSure) return;
  const done = await attempt(() => board.unfile({ ids: [id], confirm: true }));
  const [result] = done?.steps ?? [];
  if (result) tell(result.refused ? `${path}: ${result.refused}.` : `${new_path} is put back.`);
  lookAgain();
}
