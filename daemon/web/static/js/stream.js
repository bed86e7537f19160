/**
 * A stream of server-sent events that is opened again whenever it breaks off.
 *
 * Events of this object: those of the stream by their names, with their data; `open`, `lost`, and
 * `again` when it can be heard after a silence. Neighbours: live.js and board/log.js, which say
 * where the stream is. Must never trust that it heard everything: `again` means anything may have
 * changed.
 */

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 4000;

/**
 * A page in the background lets go of its connections: browsers allow six to a server, for all
 * windows together.
 */
const HIDDEN_MS_MAX = 60_000;

export class Stream extends EventTarget {
  /** @param {string[]} names - Of the events that are listened to. */
  constructor(names) {
    super();
    this.names = names;
    /** @type {EventSource | null} */
    this.stream = null;
    this.retry_ms = RETRY_MS_MIN;
    this.timer = 0;
    this.isAgain = false;
    this.isWanted = false;
    addEventListener("online", () => this.#connect());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#connect());
    document.addEventListener("visibilitychange", () => this.#attend());
  }

  /** Where the stream is; asked for each time it is opened. */
  get address() {
    return "";
  }

  /** Begins to listen, and goes on until `stop`. */
  start() {
    if (this.isWanted) return;
    this.isWanted = true;
    this.#connect();
  }

  /** Listens no more. */
  stop() {
    this.isWanted = false;
    this.isAgain = false;
    this.#close();
  }

  #connect() {
    this.#close();
    if (!this.isWanted) return;
    const stream = new EventSource(this.address);
    this.stream = stream;
    stream.addEventListener("open", () => this.#opened());
    stream.addEventListener("error", () => this.#failed(stream));
    for (const name of this.names) {
      stream.addEventListener(name, (event) => this.#heard(name, event.data));
    }
  }

  #opened() {
    this.retry_ms = RETRY_MS_MIN;
    const { isAgain } = this;
    this.isAgain = true;
    this.dispatchEvent(new Event("open"));
    if (isAgain) this.dispatchEvent(new Event("again"));
  }

  /** @param {EventSource} stream */
  #failed(stream) {
    if (stream !== this.stream) return;
    this.#close();
    this.isAgain = true; // what was asked for meanwhile may have failed as well
    this.dispatchEvent(new Event("lost"));
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
    if (!this.isWanted) return;
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
