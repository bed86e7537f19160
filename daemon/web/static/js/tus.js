/**
 * One resumable upload by the tus 1.0 protocol (core and creation; termination to cancel).
 *
 * POST makes the upload, PATCH appends pieces, HEAD asks how far it came after any trouble. The
 * address of an unfinished upload is kept in the browser, so that the same file goes on after a
 * reload. Neighbours: uploads.js runs several. Must never send a byte the server has already.
 */

import { Problem, problemIn, unreachable } from "./api.js";

const ENDPOINT = "/api/uploads";
const VERSION = { "Tus-Resumable": "1.0.0" };
const BYTES_TYPE = { "Content-Type": "application/offset+octet-stream" };
const CHUNK_BYTES = 16 * 1024 * 1024;

/** A file of at most this size travels with the request that makes its upload. */
const SMALL_BYTES_MAX = 1024 * 1024;

/** Waits between attempts that brought nothing; after the last one the upload has failed. */
const WAITS_S = [0.5, 1, 2, 4, 8, 15, 30];

const NO_PROGRESS = "The daemon took a piece of the file and kept nothing of it.";

/** @type {Outcome} */
const STORED_SOMEWHERE = { result: "stored", path: "" };

const STORED_PREFIX = "playhead.upload.";

/** Statuses after which the same request may succeed later. */
const PASSING = new Set([0, 408, 423, 429, 500, 502, 503, 504]);

/** Statuses that say the server has forgotten the upload. */
const FORGOTTEN = new Set([403, 404, 410]);

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {(name: string) => string | null} header
 * @property {string} body
 *
 * @typedef {object} Outcome
 * @property {"stored" | "duplicate"} result
 * @property {string} path
 *
 * @typedef {object} Leftover - An upload that was begun in this browser and not finished.
 * @property {string} storedAs
 * @property {string} url
 * @property {string} name
 * @property {number} size
 * @property {string} source
 * @property {string} project
 */

export class TusUpload {
  /**
   * @param {File} file
   * @param {{source: string, project: string}} target
   * @param {{onProgress: (offset: number) => void,
   *   onWait: (wait_s: number, problem: Error) => void}} listener
   */
  constructor(file, target, { onProgress, onWait }) {
    this.file = file;
    this.target = target;
    this.onProgress = onProgress;
    this.onWait = onWait;
    this.offset = 0;
    this.storedAs = storedName(file, target);
    this.url = recall(this.storedAs)?.url ?? "";
    this.failures = 0;
  }

  /**
   * Uploads what is missing. May be called again after it was aborted or has failed.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<Outcome>}
   */
  async run(signal) {
    this.failures = 0;
    let outcome = null;
    let isOffsetKnown = false;
    while (outcome === null) {
      try {
        outcome = isOffsetKnown ? await this.#append(signal) : await this.#begin(signal);
        isOffsetKnown = true;
      } catch (problem) {
        await this.#consider(problem, signal);
        isOffsetKnown = false;
      }
    }
    forget(this.storedAs);
    return outcome;
  }

  /** Has the server throw away what it has of this file. */
  async terminate() {
    forget(this.storedAs);
    if (this.url) await exchange("DELETE", this.url, {}).catch(() => null);
    this.url = "";
  }

  /** @param {AbortSignal} signal */
  #begin(signal) {
    return this.url ? this.#ask(signal) : this.#create(signal);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Outcome | null>}
   */
  async #create(signal) {
    const isSmall = this.file.size <= SMALL_BYTES_MAX;
    const answer = await exchange("POST", ENDPOINT, {
      headers: {
        ...(isSmall ? BYTES_TYPE : {}),
        "Upload-Length": String(this.file.size),
        "Upload-Metadata": metadata(this.file, this.target),
      },
      body: isSmall ? this.file : null,
      signal,
      onProgress: this.onProgress,
    });
    const address = answer.header("Location");
    if (!address) throw problemIn(answer.status, "");
    this.url = new URL(address, location.href).pathname;
    const { name, size } = this.file;
    remember(this.storedAs, { url: this.url, name, size, ...this.target });
    return this.#arrived(Number(answer.header("Upload-Offset") ?? 0), answer);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Outcome | null>}
   */
  async #ask(signal) {
    const answer = await exchange("HEAD", this.url, { signal });
    return this.#arrived(Number(answer.header("Upload-Offset") ?? 0), answer);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Outcome | null>}
   */
  async #append(signal) {
    const start = this.offset;
    const answer = await exchange("PATCH", this.url, {
      headers: { ...BYTES_TYPE, "Upload-Offset": String(start) },
      body: this.file.slice(start, start + CHUNK_BYTES),
      signal,
      onProgress: (sent) => this.onProgress(start + sent),
    });
    const offset = Number(answer.header("Upload-Offset"));
    if (offset <= start && start < this.file.size) throw new Problem(500, NO_PROGRESS);
    // Nothing is missing any more: a server that tells no result has stored it all the same.
    return this.#arrived(offset, answer) ?? (offset < this.file.size ? null : STORED_SOMEWHERE);
  }

  /**
   * @param {number} offset
   * @param {Answer} answer
   * @returns {Outcome | null} - null while something is missing, or the result was not told.
   */
  #arrived(offset, answer) {
    if (offset > this.offset) this.failures = 0;
    this.offset = offset;
    this.onProgress(offset);
    const result = answer.header("Playhead-Result");
    if (offset < this.file.size || result === null) return null;
    const path = decodeURIComponent(answer.header("Playhead-Path") ?? "");
    return { result: result === "duplicate" ? "duplicate" : "stored", path };
  }

  /**
   * Waits when it makes sense to try again, and throws the problem when it does not.
   *
   * @param {any} problem
   * @param {AbortSignal} signal
   */
  async #consider(problem, signal) {
    signal.throwIfAborted();
    const wasForgotten = FORGOTTEN.has(problem.status) && this.url !== "";
    if (wasForgotten) {
      forget(this.storedAs);
      this.url = "";
      this.offset = 0;
    } else if (problem.status !== 409 && !PASSING.has(problem.status)) {
      throw problem;
    }
    const wait_s = WAITS_S[this.failures];
    if (wait_s === undefined) throw problem;
    this.failures += 1;
    this.onWait(wait_s, problem);
    await pause(wait_s, signal);
  }
}

/**
 * One request, with progress of what is sent; throws a Problem for any refusal.
 *
 * @param {string} method
 * @param {string} url
 * @param {{headers?: Record<string, string>, body?: Blob | null, signal?: AbortSignal,
 *   onProgress?: (sent: number) => void}} options
 * @returns {Promise<Answer>}
 */
function exchange(method, url, { headers = {}, body = null, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...VERSION, ...headers })) {
      request.setRequestHeader(name, value);
    }
    if (onProgress) request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const { status, responseText } = request;
      if (status < 200 || status >= 300) reject(problemIn(status, responseText));
      const header = (/** @type {string} */ name) => request.getResponseHeader(name);
      resolve({ status, header, body: responseText });
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("The upload was interrupted.", "AbortError"));
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    else request.send(body);
  });
}

/**
 * @param {number} wait_s
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(wait_s, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(end, wait_s * 1000);
    function end() {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
    addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}

/**
 * The Upload-Metadata header: keys with their values in base64 of UTF-8.
 *
 * @param {File} file
 * @param {{source: string, project: string}} target
 */
function metadata(file, { source, project }) {
  const values = { filename: file.name, project, source, mtime: String(file.lastModified) };
  return Object.entries(values)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(",");
}

/** @param {string} text */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/**
 * What the same file on its way to the same project is remembered as.
 *
 * @param {File} file
 * @param {{source: string, project: string}} target
 */
function storedName(file, { source, project }) {
  const words = [source, project, file.name, file.size, file.lastModified];
  return STORED_PREFIX + words.join("/");
}

/**
 * The unfinished uploads that this browser remembers.
 *
 * @returns {Leftover[]}
 */
export function leftovers() {
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(STORED_PREFIX))
    .map(recall)
    .filter((found) => found !== null);
}

/**
 * Gives a remembered upload up: the server may throw its bytes away.
 *
 * @param {Leftover} leftover
 */
export async function abandon({ storedAs, url }) {
  forget(storedAs);
  await exchange("DELETE", url, {}).catch(() => null);
}

/**
 * @param {string} storedAs
 * @returns {Leftover | null}
 */
function recall(storedAs) {
  try {
    const found = JSON.parse(localStorage.getItem(storedAs) ?? "null");
    return found === null ? null : { ...found, storedAs };
  } catch {
    return null;
  }
}

/**
 * @param {string} storedAs
 * @param {Omit<Leftover, "storedAs">} values
 */
function remember(storedAs, values) {
  try {
    localStorage.setItem(storedAs, JSON.stringify(values));
  } catch {
    // Storage may be full or forbidden: the upload then only goes on while the page is open.
  }
}

/** @param {string} storedAs */
function forget(storedAs) {
  localStorage.removeItem(storedAs);
}
