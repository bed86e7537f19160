/**
 * A plan of an undo, as a list: whose title, what is now, what it would be.
 *
 * Neighbours: undo-area.js asks for it and carries it out.
 */

import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { nothing } from "./area.js";
import { fieldName } from "./words.js";

/** @typedef {import("./shapes.js").UndoPlan} UndoPlan */
/** @typedef {import("./shapes.js").UndoStep} UndoStep */

const STEPS_PER_PAGE = 100;

/**
 * @param {UndoPlan} plan
 * @param {{carryOut: () => void}} on
 */
export function planView(plan, { carryOut }) {
  const { steps, fields_count, titles_count, skipped_count, first, last, writes } = plan;
  if (steps.length === 0) return nothing("There is nothing to undo.");
  const list = h("ul", { class: "tiles" });
  const more = button("Show more of the plan", { onclick: () => unfold() });
  const unfold = () => {
    const shown = list.children.length;
    list.append(...steps.slice(shown, shown + STEPS_PER_PAGE).map(stepRow));
    more.hidden = list.children.length >= steps.length;
  };
  unfold();
  const told = Object.entries(writes).map(
    ([server, titles]) => `${server} ${plural(titles, "title")}`,
  );
  const start = button(`Undo ${plural(fields_count, "change")}`, {
    icon: "restore",
    class: "button danger",
    disabled: fields_count === 0,
    onclick: carryOut,
  });
  return h(
    "section",
    { class: "part", "aria-label": "Plan" },
    h("h2", {}, `Plan for events ${first} to ${last}`),
    h(
      "p",
      {},
      `${plural(fields_count, "change")} of ${plural(titles_count, "title")}`,
      skipped_count > 0 ? `, ${count(skipped_count)} left as they are` : "",
      told.length > 0 ? `. Written to: ${told.join(", ")}.` : ". No server is written to.",
    ),
    start,
    list,
    more,
  );
}

/** @param {UndoStep} step */
function stepRow({ user, media, title, fields, writes }) {
  const lines = fields.map(({ field, now_text, then_text, skipped }) =>
    h(
      "li",
      { class: skipped ? "skipped" : null },
      h("span", { class: "field-name" }, fieldName(field)),
      h(
        "span",
        {},
        h("del", {}, now_text || "nothing"),
        " → ",
        h("ins", {}, then_text || "nothing"),
      ),
      skipped ? h("small", {}, `Left as it is: ${skipped}`) : null,
    ),
  );
  const told = Object.entries(writes).map(([server, text]) => `${server}: ${text}`);
  return h(
    "li",
    { class: "tile" },
    h(
      "div",
      { class: "tile-head" },
      h("strong", {}, title || media),
      h("span", { class: "badge" }, user),
    ),
    h("ul", { class: "undo-fields" }, ...lines),
    told.length > 0 ? h("small", {}, `Written to ${told.join("; ")}`) : null,
  );
}
