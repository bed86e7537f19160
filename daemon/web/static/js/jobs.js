/**
 * The jobs for DaVinci Resolve as they stand: asked for when something about them changes.
 *
 * Events of this object: `change`. Neighbours: live.js tells when to look, job-list.js shows them.
 * Must never ask while nobody has asked for a job and none is known: most people have no Resolve.
 */

import { api } from "./api.js";
import { debounce } from "./dom.js";
import { attemptQuietly } from "./toasts.js";

/** @typedef {import("./types.js").Job} Job */

const LOOK_MS = 250;
const OPEN_STATES = new Set(["pending", "claimed"]);

export class Jobs extends EventTarget {
  /** @param {import("./live.js").Live} live */
  constructor(live) {
    super();
    /** @type {Job[]} - The latest first. */
    this.list = [];
    this.isLoaded = false;
    const lookSoon = debounce(() => this.look(), LOOK_MS);
    live.addEventListener("change", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.kind === "job") lookSoon();
    });
    live.addEventListener("again", lookSoon);
  }

  /** How many are still to be done. */
  get openCount() {
    return this.list.filter(({ status }) => OPEN_STATES.has(status)).length;
  }

  async look() {
    const answer = await attemptQuietly(api.jobs);
    if (!answer) return;
    this.list = answer.jobs;
    this.isLoaded = true;
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Job} job */
export function isOpen(job) {
  return OPEN_STATES.has(job.status);
}
