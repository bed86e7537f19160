/**
 * Hears from the daemon what is recorded: the event log, live.
 *
 * Server-sent events of GET /api/events/stream, told on as `events` with a list of them, the oldest
 * first. Who may not read the log hears of GET /api/watching/changes when something of their own
 * changed: of these events there are only `seq`, `type` and `user`. It is open only while an area
 * wants it. Neighbours: stream.js keeps it open, area.js has areas looked at again whenever it is
 * opened: it always begins with what is new, however long it was closed.
 */

import { Stream } from "../stream.js";

/** Events are gathered this long: a sweep records hundreds in a moment. */
const GATHER_MS = 150;

/** Of more events in such a moment only the latest are told of. */
export const GATHERED_MAX = 500;

export class Log extends Stream {
  /** @param {{mayRead: () => boolean}} reader */
  constructor({ mayRead }) {
    super(["message"]);
    this.mayRead = mayRead;
    /** @type {import("./shapes.js").LogEvent[]} */
    this.gathered = [];
    this.gathering = 0;
    this.addEventListener("message", (event) => {
      this.#gather(/** @type {CustomEvent} */ (event).detail);
    });
  }

  get address() {
    return this.mayRead() ? "/api/events/stream" : "/api/watching/changes";
  }

  /** @param {import("./shapes.js").LogEvent} event */
  #gather(event) {
    this.gathered.push(event);
    if (this.gathered.length > GATHERED_MAX) this.gathered.shift();
    this.gathering ||= setTimeout(() => this.#tell(), GATHER_MS);
  }

  #tell() {
    const detail = this.gathered;
    this.gathered = [];
    this.gathering = 0;
    if (this.isWanted) this.dispatchEvent(new CustomEvent("events", { detail }));
  }
}
