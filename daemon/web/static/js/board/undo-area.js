/**
 * Undo: a stretch of the log is chosen, what taking it back would do is shown, and then done.
 *
 * Neighbours: undo-form.js chooses, undo-plan.js draws the plan. What is chosen stands in the
 * address. Only the plan that was shown is carried out: its digest goes along.
 */

import { Problem } from "../api.js";
import { confirm } from "../dialogs.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { tellProblem } from "../toasts.js";
import { Area, nothing } from "./area.js";
import { board, seqAt } from "./board-api.js";
import { eventLink } from "./explanation.js";
import { isEmptyChoice, undoForm } from "./undo-form.js";
import { planView } from "./undo-plan.js";

/** @typedef {import("./shapes.js").UndoPlan} UndoPlan */

const CONFLICT = 409;

/** Events of an undo that are named afterwards. */
const NAMED_MAX = 50;

export class UndoArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    this.result = h("div", { class: "undo-result", role: "status" });
    this.place = h("div", { class: "undo-place" });
    this.append(undoForm(this.app), this.result, this.state, this.place);
  }

  moved() {
    const { result } = this;
    result.replaceChildren();
    this.look();
  }

  async load() {
    if (isEmptyChoice(this.words)) return null;
    const body = await bodyOf(this.words);
    return body && { body, plan: (await board.undo(body)).plan };
  }

  /** @param {{body: object, plan: UndoPlan} | null} found */
  show(found) {
    if (!found) {
      const isEmpty = isEmptyChoice(this.words);
      const text = isEmpty ? "Choose what is to be undone." : "Nothing was recorded in that time.";
      this.place.replaceChildren(nothing(text));
      return;
    }
    const { body, plan } = found;
    this.place.replaceChildren(planView(plan, { carryOut: () => this.#carryOut(body, plan) }));
  }

  /**
   * @param {object} body
   * @param {UndoPlan} plan
   */
  async #carryOut(body, plan) {
    const isSure = await confirm({
      title: `Undo ${plural(plan.fields_count, "change")}?`,
      text: "Nothing is lost: the log keeps what was, and an undo can be undone.",
      accept: "Undo",
      isDangerous: true,
    });
    if (!isSure) return;
    try {
      const { seqs } = await board.undo({ ...body, digest: plan.digest });
      this.#tell(plan, seqs);
    } catch (problem) {
      tellProblem(problem);
      if (problem instanceof Problem && problem.status === CONFLICT) this.look();
    }
  }

  /**
   * @param {UndoPlan} plan
   * @param {number[]} seqs
   */
  #tell(plan, seqs) {
    const links = seqs.slice(0, NAMED_MAX).map((seq) => h("li", {}, eventLink(this.app, seq)));
    const more = seqs.length - links.length;
    const done = `${plural(plan.fields_count, "change")} of ${plural(plan.titles_count, "title")}`;
    const heading = h("h2", { tabindex: "-1" }, `Undone: ${done}.`);
    this.result.replaceChildren(
      heading,
      h("p", {}, "The servers are told as they can be reached. This was recorded as:"),
      h(
        "ul",
        { class: "undo-events" },
        ...links,
        more > 0 ? h("li", {}, `and ${more} more`) : null,
      ),
    );
    this.place.replaceChildren();
    heading.focus();
  }
}

/**
 * What the daemon is asked for; null when there was no event in that time.
 *
 * @param {Readonly<Record<string, string>>} words
 */
async function bodyOf({ first, last, since, until, cause, server, user, media, force }) {
  const fromTime = since ? await seqAt(since, { isBackwards: false }) : undefined;
  const toTime = until ? await seqAt(until, { isBackwards: true }) : undefined;
  if (fromTime === null || toTime === null) return null;
  const body = {
    first: first ? Number(first) : fromTime,
    last: last ? Number(last) : toTime,
    cause: cause ? Number(cause) : undefined,
    server: server || undefined,
    user: user || undefined,
    media: media || undefined,
    force: force === "yes",
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

customElements.define("undo-area", UndoArea);
