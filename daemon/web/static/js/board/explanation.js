/**
 * Why a title is as it is: for each person the agreed values, what every server holds, what is
 * still to be written, and the history.
 *
 * Neighbours: whatever names a title opens it. Shown in a dialog, above where it was asked for.
 */

import { Problem } from "../api.js";
import { inform } from "../dialogs.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { tellProblem } from "../toasts.js";
import { board } from "./board-api.js";
import { facts, fieldName, when } from "./words.js";

/** @typedef {import("../types.js").App} App */

/**
 * Shows it until it is closed.
 *
 * @param {App} app
 * @param {string} item - A media key, an item id, a path, or a name.
 * @param {{user?: string}} [whose]
 */
export async function showExplanation(app, item, { user } = {}) {
  let content;
  let title = item;
  try {
    const found = await board.explain({ item, user });
    title = found.title || found.media;
    content = explained(app, found);
  } catch (problem) {
    if (!(problem instanceof Problem) || (problem.status !== 404 && problem.status !== 409)) {
      tellProblem(problem);
      return;
    }
    content = h(
      "div",
      { class: "explanation" },
      h("p", { class: "lines" }, problem.message),
      h("p", {}, problem.hint),
    );
  }
  inform(title, content);
}

/**
 * @param {App} app
 * @param {any} found
 */
function explained(app, found) {
  const people = found.people.map((/** @type {any} */ person) => personOf(app, person));
  return h(
    "div",
    { class: "explanation", tabindex: "0", role: "region", "aria-label": "Explanation" },
    h("p", { class: "code" }, `${found.media} · ${found.type} · as of event ${found.head}`),
    ...people,
    people.length === 0 ? h("p", {}, "Nobody has watched it.") : null,
  );
}

/**
 * @param {App} app
 * @param {any} person
 */
function personOf(app, { user, fields, servers, history, older_count }) {
  const agreed = fields.map((/** @type {any} */ field) => [
    fieldName(field.field),
    h(
      "span",
      {},
      `${field.text} · ${field.source} · `,
      eventLink(app, field.seq),
      field.since ? h("span", {}, " · since ", when(field.since)) : "",
    ),
  ]);
  const lines = history.map((/** @type {any} */ line) => historyLine(app, line));
  const older =
    older_count > 0 ? h("p", {}, `${plural(older_count, "older event")} not shown`) : "";
  return h(
    "section",
    { class: "explained" },
    h("h3", {}, user),
    h("h4", {}, "Agreed"),
    agreed.length > 0 ? facts(agreed) : h("p", {}, "Nothing is agreed yet."),
    h("h4", {}, "On the servers"),
    h("ul", { class: "explained-servers" }, ...servers.map(serverLine)),
    h("h4", {}, "History"),
    h("ol", { class: "explained-history" }, ...lines),
    older,
  );
}

/** @param {any} server */
function serverLine({ server, item_id, text, agrees, gone, seen_at, delivery }) {
  const held = !seen_at ? "not seen yet" : agrees ? "agrees" : "differs";
  const state = item_id === null ? "lacks it" : gone ? "had it" : held;
  const kind = held === "differs" ? "badge warning" : "badge";
  return h(
    "li",
    {},
    h("strong", {}, server),
    " ",
    h("span", { class: kind }, state),
    text ? h("span", {}, ` ${text}`) : null,
    seen_at ? h("small", {}, " · seen ", when(seen_at)) : null,
    delivery
      ? h("p", {}, `To be written (${delivery.status}): ${delivery.text}. ${delivery.reason}`)
      : null,
  );
}

/**
 * @param {App} app
 * @param {any} line
 */
function historyLine(app, { seq, at, type, place, text, causes, origin }) {
  const because = causes.map((/** @type {number} */ cause) => [" ← ", eventLink(app, cause)]);
  return h(
    "li",
    {},
    eventLink(app, seq),
    h("small", {}, ...because.flat(), " · ", when(at), ` · ${type}`),
    h("p", {}, [place, text].filter(Boolean).join(": "), origin ? ` (${origin})` : ""),
  );
}

/**
 * A link to an event of the log; the dialog it stands in is closed by it.
 *
 * @param {App} app
 * @param {number} seq
 */
export function eventLink(app, seq) {
  const onclick = (/** @type {Event} */ event) => {
    event.preventDefault();
    /** @type {any} */ (event.target).closest("dialog")?.close();
    const { place } = app.store.state;
    const words = place.area === "events" ? place.words : {};
    app.navigation.go({ area: "events", words: { ...words, event: String(seq) } });
  };
  return h("a", { class: "event-link", href: `#events?event=${seq}`, onclick }, `event ${seq}`);
}
