/**
 * One event of the log: its data and times, what brought it about, and what followed from it.
 *
 * Neighbours: events-area.js shows it beside the list. The chain is followed one question at a
 * time, up to a bounded length.
 */

import { Problem } from "../api.js";
import { button, h, iconButton } from "../dom.js";
import { count } from "../format.js";
import { attemptQuietly } from "../toasts.js";
import { mayWith } from "./areas.js";
import { EFFECTS_AMONG, board, effectsOf } from "./board-api.js";
import { eventLink, showExplanation } from "./explanation.js";
import { facts, glance, momentText, valueText, when } from "./words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("./shapes.js").LogEvent} LogEvent */

/** Webhook, look, plan, delivery: a chain is four long. */
const CAUSES_MAX = 12;

const EFFECTS_SHOWN_MAX = 20;

/**
 * Fills a place with an event, with its chain as that is found.
 *
 * @param {HTMLElement} place
 * @param {App} app
 * @param {number} seq
 * @param {{signal: AbortSignal, onClose: () => void}} how
 */
export async function showEvent(place, app, seq, { signal, onClose }) {
  const cross = iconButton("close", "Close the event", { onclick: onClose });
  const heading = h("h2", { tabindex: "-1" }, `Event ${seq}`);
  const head = h("div", { class: "detail-head" }, heading, cross);
  place.replaceChildren(head, h("p", { class: "loading" }, "Loading…"));
  try {
    const { event, hash } = await board.event(seq, signal);
    place.replaceChildren(head, ...detail(app, event, hash));
    heading.focus({ preventScroll: true });
    await chain(place, app, event, signal);
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    place.replaceChildren(head, h("p", { role: "status" }, problem.message));
  }
}

/**
 * @param {App} app
 * @param {LogEvent} event
 * @param {string} hash
 */
function detail(app, event, hash) {
  const pairs = Object.entries(event.data).map(([name, value]) => [name, shown(value)]);
  return [
    h("p", { class: "detail-type" }, h("strong", {}, event.type)),
    h("div", { class: "tile-buttons" }, ...offers(app, event)),
    facts([
      ["happened", when(event.at)],
      ["recorded", when(event.recorded)],
      ["source", event.source],
      ["actor", event.actor],
      ["id", h("span", { class: "code" }, event.id)],
      ["hash", h("span", { class: "code" }, hash)],
    ]),
    h("h3", {}, "Data"),
    pairs.length > 0 ? facts(/** @type {any} */ (pairs)) : h("p", {}, "None."),
  ];
}

/** @param {unknown} value */
function shown(value) {
  const isPlain = typeof value !== "object" || value === null;
  const text = isPlain ? valueText(value) : JSON.stringify(value, null, 2);
  if (isPlain) return h("span", { class: "code" }, text);
  const label = { tabindex: "0", role: "region", "aria-label": "Value" };
  return h("pre", { class: "code value", ...label }, text);
}

/**
 * @param {App} app
 * @param {LogEvent} event
 */
function offers(app, event) {
  const { data, seq } = event;
  const item = data.media ?? data.wish?.media ?? data.item_id ?? null;
  const { scopes } = app.store.state;
  const go = (/** @type {Record<string, string>} */ words) =>
    app.navigation.goTo({ area: "undo", words });
  const small = { class: "button small" };
  const explain = () => showExplanation(app, String(item));
  const undo = () => go({ cause: String(seq) });
  const since = () => go({ first: String(seq) });
  const past = () => app.navigation.goTo({ area: "past", words: { at: String(seq) } });
  return [
    item && button("Explain this title", { ...small, onclick: explain }),
    mayWith(scopes, "admin") && button("Undo what followed", { ...small, onclick: undo }),
    mayWith(scopes, "admin") && button("Undo from here on", { ...small, onclick: since }),
    button("The past as of this", { ...small, onclick: past }),
  ];
}

/**
 * @param {HTMLElement} place
 * @param {App} app
 * @param {LogEvent} event
 * @param {AbortSignal} signal
 */
async function chain(place, app, event, signal) {
  const list = h("ol", { class: "chain" });
  const own = h("li", { "aria-current": "true" }, chainText(event));
  list.append(own);
  place.append(h("h3", {}, "Chain of causes"), list);
  let { cause } = event;
  for (let step = 0; cause !== null && step < CAUSES_MAX; step += 1) {
    const seq = cause;
    const answer = await attemptQuietly(() => board.event(seq));
    if (signal.aborted || !answer) return;
    const found = answer.event;
    list.prepend(h("li", {}, eventLink(app, found.seq), " ", chainText(found)));
    ({ cause } = found);
  }
  if (event.cause === null)
    list.prepend(h("li", { class: "none" }, "Nothing in the log caused it."));
  const effects = (await attemptQuietly(() => effectsOf(event.seq))) ?? [];
  if (signal.aborted) return;
  const lines = effects
    .slice(0, EFFECTS_SHOWN_MAX)
    .map((found) => h("li", {}, eventLink(app, found.seq), " ", chainText(found)));
  const among = `Among the ${count(EFFECTS_AMONG)} events after it nothing followed directly.`;
  const more = effects.length - lines.length;
  place.append(
    h("h3", {}, "What followed"),
    lines.length > 0 ? h("ul", { class: "chain" }, ...lines) : h("p", { class: "none" }, among),
    more > 0 ? h("p", { class: "none" }, `and ${count(more)} more`) : "",
  );
}

/** @param {LogEvent} event */
function chainText({ type, actor, at, data }) {
  return h(
    "span",
    {},
    h("strong", {}, type),
    h("small", {}, ` ${actor} · ${momentText(at)}`),
    h("span", { class: "glance" }, glance(data)),
  );
}
