/**
 * The event log, live: filtered, with a graph above and one event in detail beside.
 *
 * Neighbours: log.js tells of new events, graph.js draws, event-detail.js shows one. What is looked
 * for and which event is open stand in the address. The list is bounded: older events push the
 * newest out, and "newest" leads back.
 */

import { button, h } from "../dom.js";
import { attemptQuietly } from "../toasts.js";
import { Area, nothing } from "./area.js";
import { board } from "./board-api.js";
import { showEvent } from "./event-detail.js";
import { filterForm, queryOf } from "./event-filter.js";
import { showExplanation } from "./explanation.js";
import { activityGraph } from "./graph.js";
import { GATHERED_MAX } from "./log.js";
import { glance, when } from "./words.js";

/** @typedef {import("./shapes.js").LogEvent} LogEvent */

const PAGE = 100;
const LISTED_MAX = 500;

/** New events are put in above as long as the reader is so near to the top. */
const TOP_PX = 40;

const GRAPH = { hours: "24", buckets: "96" };
const GRAPH_REST_MS = 5000;

export class EventsArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    /** @type {LogEvent[]} - The newest first. */
    this.listed = [];
    /** @type {LogEvent[]} - New ones, kept back while the reader is further down. */
    this.kept = [];
    this.isAtHead = true;
    /** @type {number | null} */
    this.older = null;
    this.query = "";
    this.opened = "";
    this.opening = new AbortController();
    this.graph = h("section", { class: "part graph-part", "aria-label": "Events of the last day" });
    this.list = h("ol", { class: "events" });
    this.none = nothing("No event matches.");
    this.newest = button("New events", {
      class: "button primary small",
      onclick: () => this.look(),
    });
    this.more = button("Older events", { onclick: () => this.#loadOlder() });
    this.detail = h("aside", { class: "event-detail", "aria-label": "Event", hidden: true });
    this.none.hidden = this.newest.hidden = this.more.hidden = true;
    const head = h("div", { class: "events-head" }, this.newest);
    const column = h(
      "div",
      { class: "events-column" },
      head,
      this.state,
      this.none,
      this.list,
      this.more,
    );
    this.append(
      this.graph,
      filterForm(this.app, { explain: (item) => showExplanation(this.app, item) }),
      h("div", { class: "events-split" }, column, this.detail),
    );
    this.drawing = 0;
    const hear = (/** @type {Event} */ event) => {
      this.#hear(/** @type {CustomEvent<LogEvent[]>} */ (event).detail);
      this.drawing ||= setTimeout(() => this.#drawGraph(), GRAPH_REST_MS);
    };
    app.log.addEventListener("events", hear, { signal: this.signal });
    this.signal.addEventListener("abort", () => clearTimeout(this.drawing));
    this.#drawGraph();
    this.#drawDetail();
  }

  moved() {
    const { event: _, ...rest } = this.words;
    if (JSON.stringify(rest) !== this.query) this.look();
    this.#drawDetail();
  }

  async load() {
    const { event: _, ...rest } = this.words;
    this.query = JSON.stringify(rest);
    const query = { ...queryOf(rest), order: "desc", limit: String(PAGE) };
    return board.events(query, this.signal);
  }

  /** @param {{events: LogEvent[], next: number | null}} page */
  show({ events, next }) {
    this.listed = events;
    this.kept = [];
    this.isAtHead = true;
    this.older = next;
    this.#draw();
  }

  /** @param {LogEvent[]} events - The oldest first. */
  #hear(events) {
    const last = Math.max(0, this.listed[0]?.seq ?? 0, this.kept[0]?.seq ?? 0);
    const fresh = events.filter((event) => event.seq > last && this.#matches(event)).reverse();
    if (fresh.length === 0 || this.words.until) return;
    if (events.length >= GATHERED_MAX) {
      this.lookSoon(); // there may have been more than are told of
      return;
    }
    const isRead = this.isHeadInSight;
    if (isRead) this.listed = [...fresh, ...this.listed].slice(0, LISTED_MAX);
    else this.kept = [...fresh, ...this.kept].slice(0, LISTED_MAX);
    if (isRead) this.#draw();
    this.#drawNewest();
  }

  /** Looks again, unless the reader is further down: then the way back to the newest is offered. */
  lookSoon() {
    if (this.listed.length === 0 || this.isHeadInSight) {
      super.lookSoon();
      return;
    }
    this.isAtHead = false;
    this.#drawNewest();
  }

  /** What is above the list may be scrolled away: its own beginning counts. */
  get isHeadInSight() {
    const top_px = this.closest(".board-main")?.scrollTop ?? 0;
    return this.isAtHead && top_px < TOP_PX + this.list.offsetTop;
  }

  /** @param {LogEvent} event */
  #matches({ type, source, actor }) {
    const { words } = this;
    const is = (/** @type {string | undefined} */ wanted, /** @type {string} */ value) =>
      !wanted || wanted === value;
    return is(words.type, type) && is(words.source, source) && is(words.actor, actor);
  }

  async #loadOlder() {
    if (this.older === null) return;
    const { turn } = this;
    const query = { ...queryOf(this.words), before: String(this.older), order: "desc" };
    const page = await attemptQuietly(() => board.events({ ...query, limit: String(PAGE) }));
    if (!page || turn !== this.turn) return;
    const all = [.../** @type {LogEvent[]} */ (this.listed), ...page.events];
    this.isAtHead &&= all.length <= LISTED_MAX;
    this.listed = all.slice(-LISTED_MAX);
    this.older = page.next;
    this.#draw();
    this.#drawNewest();
  }

  #draw() {
    const { listed, opened } = this;
    const known = new Map([...this.list.children].map((row) => [row.dataset.seq, row]));
    const rows = listed.map((event) => known.get(String(event.seq)) ?? this.#row(event));
    const isSame = rows.every((row, index) => this.list.children[index] === row);
    if (!isSame || rows.length !== this.list.children.length) this.#place(rows);
    for (const row of rows) row.classList.toggle("is-open", row.dataset.seq === opened);
    this.none.hidden = listed.length > 0 || this.older !== null;
    this.more.hidden = this.older === null;
  }

  /** @param {HTMLElement[]} rows - Put into place without moving those that are there. */
  #place(rows) {
    const wanted = new Set(rows);
    for (const row of [...this.list.children]) if (!wanted.has(row)) row.remove();
    rows.forEach((row, index) => {
      const there = this.list.children[index];
      if (there !== row) this.list.insertBefore(row, there ?? null);
    });
  }

  #drawNewest() {
    const { kept, isAtHead } = this;
    this.newest.hidden = kept.length === 0 && isAtHead;
    const label = /** @type {HTMLElement} */ (this.newest.querySelector("span"));
    const amount = kept.length === 1 ? "1 new event" : `${kept.length} new events`;
    label.textContent = kept.length > 0 ? amount : "Back to the newest";
  }

  /** @param {LogEvent} event */
  #row({ seq, type, source, actor, at, data }) {
    const open = (/** @type {Event} */ click) => {
      click.preventDefault();
      this.#open(seq);
    };
    const link = h(
      "a",
      { class: "event", href: `#events?event=${seq}`, onclick: open },
      h("span", { class: "event-seq" }, String(seq)),
      h("span", { class: "event-type" }, type),
      h("span", { class: "event-who" }, `${actor} · ${source}`),
      when(at),
      h("span", { class: "glance" }, glance(data)),
    );
    return h("li", { "data-seq": seq }, link);
  }

  /** @param {number} seq */
  #open(seq) {
    this.app.navigation.go({ words: { ...this.words, event: String(seq) } });
  }

  #drawDetail() {
    const seq = this.words.event ?? "";
    if (seq === this.opened) return;
    this.opening.abort();
    this.opening = new AbortController();
    this.signal.addEventListener("abort", () => this.opening.abort(), { once: true });
    const before = this.opened;
    this.opened = seq;
    this.detail.hidden = seq === "";
    this.classList.toggle("has-detail", seq !== "");
    for (const row of this.list.children) row.classList.toggle("is-open", row.dataset.seq === seq);
    if (seq === "") {
      this.list.querySelector(`[data-seq="${CSS.escape(before ?? "")}"] a`)?.focus();
      return;
    }
    const { event: _, ...rest } = this.words;
    const onClose = () => this.app.navigation.go({ words: rest });
    showEvent(this.detail, this.app, Number(seq), { signal: this.opening.signal, onClose });
  }

  async #drawGraph() {
    this.drawing = 0;
    const activity = await attemptQuietly(() => board.activity(GRAPH));
    if (!activity || this.signal.aborted) return;
    const wasOpen = this.graph.querySelector("details")?.open ?? false;
    const title = h("h2", {}, "Events of the last day");
    this.graph.replaceChildren(title, ...activityGraph(activity));
    const details = this.graph.querySelector("details");
    if (details) details.open = wasOpen;
  }
}

customElements.define("events-area", EventsArea);
