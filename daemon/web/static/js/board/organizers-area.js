/**
 * The organizers: what each would do now, and what was filed last, with the way back.
 *
 * Neighbours: organizer-card.js draws one, filing-row.js a filing. The log tells when something was
 * filed; that a file arrives nobody tells, so the plan can be asked for again. Thousands of new
 * names take the daemon a while to read: a plan is never asked for while another is on its way, and
 * what was filed does not wait for it.
 */

import { Problem } from "../api.js";
import { button, h } from "../dom.js";
import { Area, nothing, part } from "./area.js";
import { board } from "./board-api.js";
import { filingRow } from "./filing-row.js";
import { organizerCard } from "./organizer-card.js";
import { Rows } from "./rows.js";

/** @typedef {import("./shapes.js").Organizer} Organizer */
/** @typedef {import("./shapes.js").Filing} Filing */

const PAGE = 50;

/** After a plan has come the next is asked for no sooner than this. */
const PLAN_REST_MS = 3000;

export class OrganizersArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    /** @type {number[]} - The events that the pages before end with. */
    this.pages = [];
    const cards = h("ul", { class: "tiles" });
    const filings = h("ul", { class: "tiles" });
    this.isAsking = this.isStale = false;
    this.resting = 0;
    const lookAgain = () => {
      this.#endRest(); // whoever acts does not wait
      this.look();
    };
    this.cards = new Rows(cards, (one) => organizerCard(one, { lookAgain }));
    this.filings = new Rows(filings, (one) => filingRow(one, this.app, { lookAgain }));
    this.none = nothing("No organizer is configured.");
    this.noFiling = nothing("Nothing was filed yet.");
    this.back = button("Page before", { class: "button small", onclick: () => this.#turn(null) });
    this.on = button("Next page", { class: "button small", onclick: () => this.#turn(this.next) });
    this.none.hidden = this.noFiling.hidden = this.back.hidden = this.on.hidden = true;
    const again = button("Look again", { icon: "refresh", class: "button small" });
    again.addEventListener("click", lookAgain);
    const pager = h("div", { class: "pager" }, this.back, this.on);
    this.planState = h("p", { class: "figures", role: "status" });
    const bar = h("div", { class: "area-bar" }, again, this.planState);
    this.signal.addEventListener("abort", () => this.#endRest());
    this.append(
      this.state,
      part("What they would do now", bar, this.none, cards),
      part("Filed last", this.noFiling, filings, pager),
    );
  }

  get concerned() {
    return /^(organizer|daemon)\./;
  }

  /** @param {number | null | undefined} before - Nothing: back. */
  #turn(before) {
    if (before) this.pages.push(before);
    else this.pages.pop();
    this.look();
  }

  async load() {
    this.#plan();
    const before = this.pages.at(-1);
    const query = { limit: String(PAGE), before: before ? String(before) : undefined };
    return board.filings(query, this.signal);
  }

  /** @param {{filings: Filing[], next: number | null}} page */
  show({ filings, next }) {
    this.next = next;
    this.filings.show(filings, ({ id }) => id);
    this.noFiling.hidden = filings.length > 0;
    this.back.hidden = this.pages.length === 0;
    this.on.hidden = next === null;
  }

  async #plan() {
    this.isStale = this.isAsking || this.resting !== 0;
    if (this.isStale) return;
    this.isAsking = true;
    this.planState.textContent = "Looking…";
    try {
      this.#showPlans((await board.organizers(this.signal)).organizers);
      this.planState.textContent = "";
    } catch (problem) {
      const isKnown = problem instanceof Problem;
      this.planState.textContent = isKnown ? problem.message : "Something went wrong in this page.";
    }
    this.isAsking = false;
    this.resting = setTimeout(() => this.#rested(), PLAN_REST_MS);
  }

  #rested() {
    this.#endRest();
    if (this.isStale && !this.signal.aborted) this.#plan();
  }

  #endRest() {
    clearTimeout(this.resting);
    this.resting = 0;
  }

  /** @param {Organizer[]} organizers */
  #showPlans(organizers) {
    this.cards.show(organizers, ({ organizer }) => organizer);
    this.none.hidden = organizers.length > 0;
  }
}

customElements.define("organizers-area", OrganizersArea);
