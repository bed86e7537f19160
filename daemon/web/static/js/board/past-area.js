/**
 * The past: any view of the daemon as it was at some moment, and what differs from now.
 *
 * Neighbours: past-controls.js chooses the view and the moment, past-row.js draws a row. The view,
 * the moment and the search stand in the address; a page of rows at a time.
 */

import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { Area, nothing } from "./area.js";
import { board } from "./board-api.js";
import { eventLink } from "./explanation.js";
import { PastControls } from "./past-controls.js";
import { pastRow } from "./past-row.js";
import { Rows } from "./rows.js";
import { when } from "./words.js";

/** @typedef {import("./shapes.js").PastPage} PastPage */

const PAGE = 50;
const FIRST_VIEW = "titles";

export class PastArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    /** @type {string[]} - The keys that the pages before end with. */
    this.pages = [];
    this.listed = "";
    this.asking = new AbortController();
    this.controls = new PastControls(this.app);
    this.about = h("p", { class: "figures", role: "status" });
    this.none = nothing("No row matches.");
    this.none.hidden = true;
    const list = h("ul", { class: "past-rows" });
    this.rows = new Rows(list, (row) => pastRow(row, { view: this.view }));
    this.back = button("Page before", { class: "button small", onclick: () => this.#turn(null) });
    this.on = button("Next page", {
      class: "button small",
      onclick: () => this.#turn(this.next ?? null),
    });
    this.back.hidden = this.on.hidden = true;
    const pager = h("div", { class: "pager" }, this.back, this.on);
    this.append(this.controls, this.about, this.state, this.none, list, pager);
    this.app.log.addEventListener(
      "events",
      (event) => this.controls.reach(/** @type {CustomEvent} */ (event).detail.at(-1).recorded),
      { signal: this.signal },
    );
  }

  get view() {
    return this.words.view || FIRST_VIEW;
  }

  /** @param {string | null} after - null: back. */
  #turn(after) {
    if (after === null) this.pages.pop();
    else this.pages.push(after);
    this.look();
  }

  async load() {
    this.asking.abort(); // a slider that is moved has no use for the answer before
    this.asking = new AbortController();
    const { signal } = this.asking;
    const { view, words } = this;
    if (!this.views) this.controls.show((this.views = await board.views()), view);
    const listed = JSON.stringify([view, words.q]);
    if (listed !== this.listed) this.pages = [];
    this.listed = listed;
    const query = {
      contains: words.q || undefined,
      after: this.pages.at(-1),
      limit: String(PAGE),
    };
    const [then, now] = await Promise.all([
      board.viewAt(view, { ...query, at: words.at || undefined }, signal),
      words.at ? board.viewAt(view, query, signal) : null,
    ]);
    return { then, now };
  }

  /** @param {{then: PastPage, now: PastPage | null}} data */
  show({ then, now }) {
    this.next = then.next;
    this.controls.tell(then.at);
    const rest = now ? `, ${count(now.total)} now` : "";
    this.about.replaceChildren(
      `${plural(then.total, "row")}${now ? " then" : ""}${rest} · as of `,
      then.seq > 0 ? eventLink(this.app, then.seq) : "the beginning",
      then.at ? h("span", {}, ", ", when(then.at)) : "",
    );
    this.rows.show(withNow(then, now), (/** @type {any} */ { key }) => JSON.stringify(key));
    this.none.hidden = then.rows.length > 0;
    this.back.hidden = this.pages.length === 0;
    this.on.hidden = then.next === null;
  }
}

/**
 * The rows with what they are now: undefined where that was not asked for, null where there is
 * none.
 *
 * @param {PastPage} then
 * @param {PastPage | null} now
 */
function withNow(then, now) {
  const present = new Map(now?.rows.map(({ key, row }) => [JSON.stringify(key), row]));
  const isWhole = now !== null && now.next === null;
  return then.rows.map(({ key, row }) => {
    const found = present.get(JSON.stringify(key));
    return { key, row, now: found ?? (isWhole ? null : undefined), isNow: now === null };
  });
}

customElements.define("past-area", PastArea);
