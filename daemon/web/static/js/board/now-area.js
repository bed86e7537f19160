/**
 * What is being watched at the moment, and what the reader may go on with.
 *
 * Neighbours: watching.js draws the rows. The bars move by themselves once a second; the daemon is
 * asked when the log tells of something, and when something was silent for so long that it is over.
 */

import { daemonTime } from "../api.js";
import { h } from "../dom.js";
import { Area, nothing, part } from "./area.js";
import { board } from "./board-api.js";
import { Rows } from "./rows.js";
import { NOW_MS, watchKey, watchRow } from "./watching.js";
import { msOf } from "./words.js";

/** @typedef {import("./shapes.js").Watched} Watched */

const TICK_MS = 1000;
const OWN_MAX = 30;

/** The latest end of something that plays is looked at this much after it is due. */
const OVER_MS = 1000;

export class NowArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    const list = h("ul", { class: "watches" });
    const own = h("ul", { class: "watches" });
    this.none = nothing("Nothing is playing.");
    this.ownNone = nothing("Nothing was begun and left.");
    this.none.hidden = this.ownNone.hidden = true;
    this.rows = new Rows(list, (one) => watchRow(one, this.app, { withUser: true }));
    this.own = new Rows(own, (one) => watchRow(one, this.app, { withUser: false }));
    const playing = part("Playing now", this.none, list);
    playing.setAttribute("aria-live", "off");
    this.append(this.state, playing, part("Go on with", this.ownNone, own));
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    this.signal.addEventListener("abort", () => clearInterval(ticking));
  }

  get concerned() {
    return /^(position|userdata|player|delta\.delivered)/;
  }

  async load() {
    const [now, own] = await Promise.all([
      board.now(this.signal),
      board.goOn({ limit: String(OWN_MAX) }, this.signal),
    ]);
    return { now: now.watched, own: own.watched.filter(({ playing }) => !playing) };
  }

  /** @param {{now: Watched[], own: Watched[]}} data */
  show({ now, own }) {
    this.rows.show(now, watchKey);
    this.own.show(own, watchKey);
    this.none.hidden = now.length > 0;
    this.ownNone.hidden = own.length > 0;
    this.#awaitEnd(now);
  }

  #tick() {
    if (document.hidden) return;
    for (const row of this.querySelectorAll(".watch")) /** @type {any} */ (row).tick();
  }

  /** @param {Watched[]} now - Nobody tells that a player fell silent. */
  #awaitEnd(now) {
    clearTimeout(this.over);
    if (now.length === 0) return;
    const first_ms = Math.min(...now.map(({ at }) => msOf(at))) + NOW_MS + OVER_MS;
    this.over = setTimeout(() => this.lookSoon(), Math.max(OVER_MS, first_ms - daemonTime()));
    this.signal.addEventListener("abort", () => clearTimeout(this.over), { once: true });
  }
}

customElements.define("now-area", NowArea);
