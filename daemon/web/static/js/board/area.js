/**
 * What every area of the dashboard has in common: it is loaded, shown, and looked at again when the
 * log tells of something that concerns it.
 *
 * Neighbours: board.js makes one area at a time. A descendant says what it looks at (`load`), how
 * it is shown (`show`), and which events concern it. Must never ask the daemon just because time
 * went by.
 */

import { Problem } from "../api.js";
import { button, h, icon } from "../dom.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("./shapes.js").LogEvent} LogEvent */

/** Changes are gathered this long before an area is looked at again, */
const GATHER_MS = 200;

/** and that happens no more often than this, however much there is to hear. */
const REST_MS = 1000;

const NEVER = /^$/;

export class Area extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
    this.ending = new AbortController();
    this.state = h("div", { class: "area-state", role: "status" });
    this.turn = 0;
    this.timer = 0;
    this.looked_ms = -REST_MS;
  }

  /** Types of events after which this is looked at again. */
  get concerned() {
    return NEVER;
  }

  /**
   * Whether this is looked at again after an event.
   *
   * @param {LogEvent} event
   */
  concerns({ type }) {
    return this.concerned.test(type);
  }

  /** Aborted when the area is left. */
  get signal() {
    return this.ending.signal;
  }

  /** What the address says beyond the area's name. */
  get words() {
    return this.app.store.state.place.words;
  }

  connectedCallback() {
    const { log } = this.app;
    const { signal } = this;
    this.classList.add("area");
    this.state.replaceChildren(h("p", { class: "loading" }, "Loading…"));
    const hear = (/** @type {Event} */ event) => {
      const events = /** @type {CustomEvent<LogEvent[]>} */ (event).detail;
      if (events.some((one) => this.concerns(one))) this.lookSoon();
    };
    log.addEventListener("events", hear, { signal });
    log.addEventListener("open", () => this.lookSoon(), { signal });
    this.look();
  }

  disconnectedCallback() {
    this.ending.abort();
    clearTimeout(this.timer);
  }

  /** @returns {Promise<any>} - What is shown. */
  async load() {}

  /** @param {any} _data - What was loaded. */
  show(_data) {}

  /** Is told when the address says something else about the area; by default it is looked at. */
  moved() {
    this.look();
  }

  /** Looks again, soon. */
  lookSoon() {
    if (this.timer || this.signal.aborted) return;
    const rest_ms = this.looked_ms + REST_MS - performance.now();
    this.timer = setTimeout(() => this.look(), Math.max(GATHER_MS, rest_ms));
  }

  /** Looks again, now. What comes late is not shown. */
  async look() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.looked_ms = performance.now();
    this.turn += 1;
    const { turn } = this;
    try {
      const data = await this.load();
      if (turn !== this.turn || this.signal.aborted) return;
      this.state.hidden = true;
      this.show(data);
    } catch (problem) {
      if (turn === this.turn && !this.signal.aborted) this.#fail(problem);
    }
  }

  /** @param {unknown} problem */
  #fail(problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    const isAway = problem instanceof Problem && problem.status === 0;
    if (isAway && this.state.hidden) return; // the banner says so; what was there is still right
    const text =
      problem instanceof Problem ? problem.message : "Something went wrong in this page.";
    const hint = problem instanceof Problem ? problem.hint : "Reload it.";
    const again = button("Try again", { icon: "refresh", onclick: () => this.look() });
    this.state.replaceChildren(icon("warning"), h("p", {}, text), h("p", {}, hint), again);
    this.state.hidden = false;
  }
}

/**
 * What stands where nothing is listed.
 *
 * @param {string} text
 */
export function nothing(text) {
  return h("p", { class: "none" }, text);
}

/**
 * A part of an area, with a heading.
 *
 * @param {string} title
 * @param {...(Node | null)} children
 */
export function part(title, ...children) {
  return h("section", { class: "part", "aria-label": title }, h("h2", {}, title), ...children);
}
