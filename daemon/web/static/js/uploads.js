/**
 * The queue of uploads: three at a time, each of which can be paused, resumed, cancelled, retried.
 *
 * Neighbours: tus.js moves the bytes, upload-panel.js shows the queue, drop.js and the buttons fill
 * it. Event: `change` whenever an entry changed. Must never lose an entry silently: one that failed
 * stays until somebody dismisses it.
 */

import { TusUpload, abandon, leftovers } from "./tus.js";

const RUNNING_MAX = 3;

/** Files in one queue; whoever has more uploads them in turns. */
export const QUEUED_MAX = 5000;

/** The speed is that of the last so many seconds. */
const SPEED_WINDOW_S = 8;

/**
 * @typedef {"queued" | "running" | "waiting" | "paused" | "stored" | "duplicate" | "failed"} Phase
 *
 * @typedef {object} Entry
 * @property {number} id
 * @property {File} file
 * @property {{source: string, project: string}} target
 * @property {Phase} phase
 * @property {number} sent - Bytes the server has, or is getting.
 * @property {string} path - Where it lies, once it is stored.
 * @property {Error | null} problem
 * @property {number} wait_s
 * @property {TusUpload} upload
 * @property {AbortController | null} controller
 */

const ACTIVE = new Set(["running", "waiting"]);
const DONE = new Set(["stored", "duplicate"]);

export class Uploads extends EventTarget {
  constructor() {
    super();
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {import("./tus.js").Leftover[]} */
    this.leftovers = leftovers();
    this.nextId = 1;
    /** @type {{at_s: number, sent: number}[]} */
    this.samples = [];
    this.isAnnounced = false;
    addEventListener("beforeunload", (event) => this.#warn(event));
  }

  /**
   * Queues files for a project; what was begun before goes on where it stopped.
   *
   * @param {File[]} files
   * @param {{source: string, project: string}} target
   * @returns {number} - How many were queued: the queue has a maximum.
   */
  add(files, target) {
    const fresh = files.slice(0, Math.max(0, QUEUED_MAX - this.entries.length));
    for (const file of fresh) this.entries.push(this.#entry(file, target));
    this.leftovers = this.leftovers.filter(
      (leftover) => !this.entries.some((entry) => entry.upload.storedAs === leftover.storedAs),
    );
    this.#advance();
    return fresh.length;
  }

  /**
   * @param {File} file
   * @param {{source: string, project: string}} target
   * @returns {Entry}
   */
  #entry(file, target) {
    /** @type {Entry} */
    const entry = {
      id: this.nextId++,
      file,
      target,
      phase: "queued",
      sent: 0,
      path: "",
      problem: null,
      wait_s: 0,
      upload: new TusUpload(file, target, {
        onProgress: (offset) => this.#update(entry, { sent: offset, phase: "running" }),
        onWait: (wait_s, problem) => this.#update(entry, { wait_s, problem, phase: "waiting" }),
      }),
      controller: null,
    };
    return entry;
  }

  /** @param {Entry} entry */
  pause(entry) {
    if (DONE.has(entry.phase) || entry.phase === "failed") return;
    this.#stop(entry, "paused");
    this.#advance();
  }

  /** @param {Entry} entry - Paused or failed. */
  resume(entry) {
    if (entry.phase !== "paused" && entry.phase !== "failed") return;
    Object.assign(entry, { phase: "queued", problem: null });
    this.#advance();
  }

  /** @param {Entry} entry */
  cancel(entry) {
    this.#stop(entry, "paused");
    this.entries = this.entries.filter((other) => other !== entry);
    if (!DONE.has(entry.phase)) entry.upload.terminate();
    this.#advance();
  }

  pauseAll() {
    for (const entry of this.entries) {
      if (entry.phase === "queued" || ACTIVE.has(entry.phase)) this.#stop(entry, "paused");
    }
    this.#changed();
  }

  resumeAll() {
    for (const entry of this.entries) {
      if (entry.phase === "paused" || entry.phase === "failed") {
        Object.assign(entry, { phase: "queued", problem: null });
      }
    }
    this.#advance();
  }

  /** Takes the entries away that are done. */
  clearDone() {
    this.entries = this.entries.filter((entry) => !DONE.has(entry.phase));
    this.#changed();
  }

  /** @param {import("./tus.js").Leftover} leftover */
  abandon(leftover) {
    this.leftovers = this.leftovers.filter((other) => other !== leftover);
    abandon(leftover);
    this.#changed();
  }

  /** The whole queue in numbers. */
  get summary() {
    const counted = (/** @type {(entry: Entry) => boolean} */ is) => this.entries.filter(is).length;
    const done = counted((entry) => DONE.has(entry.phase));
    const failed = counted((entry) => entry.phase === "failed");
    const paused = counted((entry) => entry.phase === "paused");
    const size = this.entries.reduce((sum, entry) => sum + entry.file.size, 0);
    const sent = this.entries.reduce((sum, entry) => sum + sentOf(entry), 0);
    const speed = this.#speed();
    const count = this.entries.length;
    return { count, done, failed, paused, open: count - done - failed - paused, size, sent, speed };
  }

  #speed() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at_s - first.at_s < 0.5) return 0;
    return Math.max(0, (last.sent - first.sent) / (last.at_s - first.at_s));
  }

  #sample() {
    const at_s = performance.now() / 1000;
    const latest = this.samples.at(-1);
    if (latest && at_s - latest.at_s < 0.25) return;
    const sent = this.entries.reduce((sum, entry) => sum + sentOf(entry), 0);
    this.samples.push({ at_s, sent });
    this.samples = this.samples.filter((sample) => at_s - sample.at_s < SPEED_WINDOW_S);
  }

  /** Starts as many as may run. */
  #advance() {
    let running = this.entries.filter((entry) => ACTIVE.has(entry.phase)).length;
    for (const entry of this.entries) {
      if (running >= RUNNING_MAX) break;
      if (entry.phase !== "queued") continue;
      running += 1;
      this.#run(entry);
    }
    if (running === 0) this.samples = [];
    this.#changed();
  }

  /** @param {Entry} entry */
  async #run(entry) {
    const controller = new AbortController();
    Object.assign(entry, { phase: "running", controller });
    try {
      const { result, path } = await entry.upload.run(controller.signal);
      this.#update(entry, { phase: result, path, sent: entry.file.size });
    } catch (problem) {
      if (controller.signal.aborted) return;
      this.#update(entry, { phase: "failed", problem: /** @type {Error} */ (problem) });
    }
    this.#advance();
  }

  /**
   * @param {Entry} entry
   * @param {Phase} phase
   */
  #stop(entry, phase) {
    if (DONE.has(entry.phase)) return;
    entry.controller?.abort();
    Object.assign(entry, { phase, controller: null });
  }

  /**
   * @param {Entry} entry
   * @param {Partial<Entry>} change
   */
  #update(entry, change) {
    const isLate = entry.phase === "paused" && !DONE.has(change.phase ?? "");
    Object.assign(entry, isLate ? { sent: change.sent ?? entry.sent } : change);
    this.#sample();
    this.#changed();
  }

  /** Tells once for each frame, however often something changed. */
  #changed() {
    if (this.isAnnounced) return;
    this.isAnnounced = true;
    setTimeout(() => {
      this.isAnnounced = false;
      this.dispatchEvent(new Event("change"));
    }, 50);
  }

  /** @param {BeforeUnloadEvent} event */
  #warn(event) {
    if (this.summary.open > 0) event.preventDefault();
  }
}

/** @param {Entry} entry */
function sentOf(entry) {
  return DONE.has(entry.phase) ? entry.file.size : Math.min(entry.sent, entry.file.size);
}
