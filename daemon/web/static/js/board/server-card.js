/**
 * One server: whether it answers, how far behind it is, what is left to do, and what an operator
 * may ask of it.
 *
 * Neighbours: servers-area.js lists them.
 */

import { confirm } from "../dialogs.js";
import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { attempt, tell } from "../toasts.js";
import { mayWith } from "./areas.js";
import { board } from "./board-api.js";
import { facts, spanText, when } from "./words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("./shapes.js").Server} Server */

const CIRCUITS = new Map([
  ["closed", "closed: it is asked"],
  ["open", "open: it is left alone"],
  ["half-open", "half open: it is tried once"],
]);

const DIRECTIONS = new Map([
  ["both", "read and written"],
  ["read", "only read"],
  ["write", "only written"],
]);

/**
 * @param {Server} server
 * @param {App} app
 * @param {{lookAgain: () => void}} on
 */
export function serverCard(server, app, { lookAgain }) {
  const { name, url, healthy, version, problem, brake } = server;
  const mayAct = mayWith(app.store.state.scopes, "admin");
  const sweep = async () => {
    const asked = await attempt(() => board.sweep(name));
    if (asked) tell(`Everything on ${name} is read again as soon as it answers.`);
    lookAgain();
  };
  const label = { class: "button small", "aria-label": `Read everything on ${name} again` };
  return h(
    "li",
    { class: "tile", "data-health": healthy ? "good" : "bad" },
    h(
      "div",
      { class: "tile-head" },
      h("strong", {}, name),
      h(
        "span",
        { class: healthy ? "badge good" : "badge warning" },
        healthy ? "reachable" : "not reachable",
      ),
      server.sweeping
        ? h("span", { class: "badge" }, `reading, ${count(server.listed_count)} so far`)
        : null,
    ),
    h("small", {}, [url, version ? `version ${version}` : ""].filter(Boolean).join(" · ")),
    problem ? h("p", { class: "reason" }, problem) : null,
    brake ? heldBack(server, { mayAct, lookAgain }) : null,
    facts(figures(server)),
    mayAct
      ? h(
          "div",
          { class: "tile-buttons" },
          button("Read everything again", { ...label, onclick: sweep }),
        )
      : null,
  );
}

/**
 * @param {Server} server
 * @returns {[string, any][]}
 */
function figures(server) {
  const { lag_s, circuit, state, direction, changed_at, retry_at, last_success_at } = server;
  const left =
    `${count(server.pending_events)} due, ${count(server.waiting_for_item_events)} waiting,` +
    ` ${count(server.failed_events)} parked`;
  return [
    ["Last success", when(last_success_at)],
    ["Lag", lag_s === null ? "its lane has stopped" : spanText(lag_s)],
    ["Circuit", CIRCUITS.get(circuit) ?? circuit],
    ["Next try", retry_at ? when(retry_at) : null],
    ["State", changed_at ? h("span", {}, `${state}, since `, when(changed_at)) : state],
    ["Unread", plural(server.unread_events, "notice")],
    ["Deliveries", left],
    ["Known", `${plural(server.items_count, "title")}, ${plural(server.user_count, "account")}`],
    ["Read in full", when(server.full_sweep_at)],
    ["Direction", DIRECTIONS.get(direction) ?? direction],
  ];
}

/**
 * @param {Server} server
 * @param {{mayAct: boolean, lookAgain: () => void}} how
 */
function heldBack({ name, brake, suspects_count }, { mayAct, lookAgain }) {
  const decide = async (/** @type {"accept" | "restore"} */ decision) => {
    const isAccepted = decision === "accept";
    const isSure = await confirm({
      title: isAccepted ? `Accept what ${name} says?` : `Restore what was agreed on ${name}?`,
      text: isAccepted
        ? "What it lost counts as taken away, and the other servers are told so."
        : "The next full look writes back what was agreed before.",
      accept: isAccepted ? "Accept" : "Restore",
      isDangerous: true,
    });
    if (!isSure) return;
    const done = await attempt(() => board.releaseBrake(name, decision));
    if (done) tell(`${name} takes part again.`);
    lookAgain();
  };
  const small = "button small";
  return h(
    "div",
    { class: "held" },
    h("p", {}, h("strong", {}, "Held back. "), brake, ` ${plural(suspects_count, "suspect")}.`),
    mayAct
      ? h(
          "div",
          { class: "tile-buttons" },
          button("Accept", {
            class: small,
            "aria-label": `Accept what ${name} says`,
            onclick: () => decide("accept"),
          }),
          button("Restore", {
            class: small,
            "aria-label": `Restore ${name}`,
            onclick: () => decide("restore"),
          }),
        )
      : null,
  );
}
