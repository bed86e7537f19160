/**
 * Hears from the daemon what changes, and knows whether it can be heard at all.
 *
 * Server-sent events of GET /api/library/changes. Events of this object: `change` and `progress`
 * with their data, `again` when the daemon can be heard after a silence. Neighbours: main.js has
 * what changed looked at again. Must never trust that it heard everything: `again` means anything
 * may have changed.
 */

const ADDRESS = "/api/library/changes";
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 4000;

/**
 * A page in the background lets go of its connection: browsers allow six to a server, for all
 * windows together.
 */
const HIDDEN_MS_MAX = 60_000;

export class Live extends EventTarget {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    super();
    this.store = store;
    /** @type {EventSource | null} */
    this.stream = null;
    this.retry_ms = RETRY_MS_MIN;
    this.timer = 0;
    this.isAgain = false;
  }

  /** Begins to listen, and goes on for as long as the page is there. */
  start() {
    addEventListener("online", () => this.#connect());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#connect());
    document.addEventListener("visibilitychange", () => this.#attend());
    this.#connect();
  }

  #connect() {
    this.#close();
    const stream = new EventSource(ADDRESS);
    this.stream = stream;
    stream.addEventListener("open", () => this.#opened());
    stream.addEventListener("error", () => this.#failed(stream));
    for (const name of ["change", "progress"]) {
      stream.addEventListener(name, (event) => this.#heard(name, event.data));
    }
  }

  #opened() {
    this.retry_ms = RETRY_MS_MIN;
    const { isAgain } = this;
    this.isAgain = true;
    this.store.update({ connection: "live" });
    if (isAgain) this.dispatchEvent(new Event("again"));
  }

  /** @param {EventSource} stream */
  #failed(stream) {
    if (stream !== this.stream) return;
    this.#close();
    this.isAgain = true; // what was asked for meanwhile may have failed as well
    this.store.update({ connection: "lost" });
    this.timer = setTimeout(() => this.#connect(), this.retry_ms);
    this.retry_ms = Math.min(this.retry_ms * 2, RETRY_MS_MAX);
  }

  /**
   * @param {string} name
   * @param {string} data
   */
  #heard(name, data) {
    let detail;
    try {
      detail = JSON.parse(data);
    } catch {
      return;
    }
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #attend() {
    clearTimeout(this.timer);
    if (document.hidden) this.timer = setTimeout(() => this.#close(), HIDDEN_MS_MAX);
    else if (this.stream?.readyState !== EventSource.OPEN) this.#connect();
  }

  #close() {
    clearTimeout(this.timer);
    this.stream?.close();
    this.stream = null;
  }
}
