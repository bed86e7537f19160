/**
 * The daemon's HTTP interface: one function for each request the page makes.
 *
 * Neighbours: library.js, actions.js and main.js call it; tus.js speaks for uploads. A refusal
 * becomes a `Problem` with the server's sentence and hint. Must never touch the page.
 */

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Page} Page */

/** Files named in one request; more are sent in several. */
const FILES_PER_REQUEST_MAX = 500;

const SIGN_IN_HINT = "Reload the page to sign in again.";
const UNREACHABLE_HINT = "Is it running? The page tries again by itself.";

/** What the daemon, or the way to it, refused: one sentence, and what to do about it. */
export class Problem extends Error {
  /**
   * @param {number} status - 0 when no answer came.
   * @param {string} detail
   * @param {string} [hint]
   */
  constructor(status, detail, hint = "") {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.hint = hint;
  }
}

/**
 * The problem that an answer's body describes.
 *
 * @param {number} status
 * @param {string} body
 */
export function problemIn(status, body) {
  const { detail, hint } = fields(body);
  if (status === 401) return new Problem(status, "You are not signed in any more.", SIGN_IN_HINT);
  if (typeof detail === "string") return new Problem(status, detail, hint);
  return new Problem(status, `The daemon answered with status ${status}.`);
}

/**
 * @param {string} body
 * @returns {{detail?: unknown, hint?: string}}
 */
function fields(body) {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

/** The problem of a request that was not answered. */
export function unreachable() {
  return new Problem(0, "The daemon cannot be reached.", UNREACHABLE_HINT);
}

/**
 * Sends a request and gives the JSON of the answer.
 *
 * @param {string} method
 * @param {string} path
 * @param {{query?: Record<string, string | string[] | undefined>, body?: object,
 *   signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function request(method, path, { query = {}, body, signal } = {}) {
  const options = { method, signal, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    Object.assign(options.headers, { "Content-Type": "application/json" });
    Object.assign(options, { body: JSON.stringify(body) });
  }
  const response = await fetch(path + queryText(query), options).catch((error) => {
    throw error.name === "AbortError" ? error : unreachable();
  });
  noteTime(response.headers.get("Date"));
  if (!response.ok) throw problemIn(response.status, await response.text().catch(() => ""));
  return response.json();
}

/** By how much the daemon's clock is ahead of this machine's, as its answers tell. */
let ahead_ms = 0;

/** Of a difference below this nobody can tell whether it is one: answers tell whole seconds. */
const AHEAD_MS_MIN = 2000;

/** @param {string | null} date */
function noteTime(date) {
  const difference_ms = Date.parse(date ?? "") - Date.now();
  if (Number.isNaN(difference_ms)) return;
  ahead_ms = Math.abs(difference_ms) < AHEAD_MS_MIN ? 0 : difference_ms;
}

/** What time the daemon has, in Unix milliseconds. */
export function daemonTime() {
  return Date.now() + ahead_ms;
}

/** @param {Record<string, string | string[] | undefined>} query */
function queryText(query) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value ?? []].flat()) words.append(name, one);
  }
  return words.size > 0 ? `?${words}` : "";
}

/**
 * Sends a request for each so many files, one after the other.
 *
 * @template T
 * @param {T[]} items
 * @param {(some: T[]) => Promise<any>} send
 */
async function inTurns(items, send) {
  const answers = [];
  for (let first = 0; first < items.length; first += FILES_PER_REQUEST_MAX) {
    answers.push(await send(items.slice(first, first + FILES_PER_REQUEST_MAX)));
  }
  return answers;
}

/** @param {Item[]} items */
function references(items) {
  return items.map(({ source, project, relative_path }) => ({ source, project, relative_path }));
}

/**
 * Posts to one of the routes that take files of several projects.
 *
 * @param {string} what
 * @param {Item[]} items
 * @param {object} [more]
 */
function bulk(what, items, more = {}) {
  return inTurns(items, (some) =>
    request("POST", `/api/assets/bulk/${what}`, { body: { assets: references(some), ...more } }),
  );
}

/** @param {string} name */
const segment = (name) => encodeURIComponent(name);

export const api = {
  /** @returns {Promise<{user: string, scopes: string[]}>} */
  whoami: () => request("GET", "/api/whoami"),

  /** @returns {Promise<import("./types.js").Source[]>} */
  sources: () => request("GET", "/api/sources"),

  /** @returns {Promise<import("./types.js").Project[]>} */
  projects: () => request("GET", "/api/projects"),

  /**
   * @param {{source: string, name: string}} project
   * @returns {Promise<import("./types.js").Project>}
   */
  createProject: ({ source, name }) =>
    request("POST", "/api/projects", { query: { source }, body: { name } }),

  /** @param {{name: string, root: string}} source */
  registerSource: (source) => request("POST", "/api/sources", { body: source }),

  /** @param {string} name */
  removeSource: (name) => request("DELETE", `/api/sources/${segment(name)}`),

  /**
   * @param {string} name
   * @param {boolean} isEnabled
   */
  toggleSource: (name, isEnabled) =>
    request("POST", `/api/sources/${segment(name)}/toggle`, {
      query: { enabled: String(isEnabled) },
    }),

  /**
   * @param {Record<string, string | string[] | undefined>} query
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Page>}
   */
  library: (query, options) => request("GET", "/api/library", { query, ...options }),

  /**
   * @param {{source?: string, project?: string}} query
   * @returns {Promise<{tags: {tag: string, count: number}[]}>}
   */
  tags: (query) => request("GET", "/api/library/tags", { query }),

  /**
   * @param {Record<string, string | undefined>} query
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Page>}
   */
  trash: (query, options) => request("GET", "/api/trash", { query, ...options }),

  /** @param {string[]} ids */
  restore: (ids) =>
    inTurns(ids, (some) => request("POST", "/api/trash/restore", { body: { ids: some } })),

  /** @param {{source?: string}} which */
  emptyTrash: (which) => request("POST", "/api/trash/empty", { body: which }),

  /** @param {string[]} ids */
  deleteForEver: (ids) =>
    inTurns(ids, (some) => request("POST", "/api/trash/empty", { body: { ids: some } })),

  /** @param {Item[]} items */
  moveToTrash: (items) => bulk("delete", items),

  /**
   * @param {Item[]} items
   * @param {{source: string, name: string}} target
   */
  move: (items, { source, name }) =>
    bulk("move", items, { target_project: name, target_source: source }),

  /**
   * @param {Item[]} items
   * @param {{add: string[], remove: string[]}} tags
   */
  changeTags: (items, { add, remove }) =>
    bulk("tags", items, { add_tags: add, remove_tags: remove }),

  /** @param {{source: string, project: string} | null} which - null: everything. */
  reindex: (which) =>
    which === null
      ? request("POST", "/reindex")
      : request("POST", `/api/projects/${segment(which.project)}/reindex`, {
          query: { source: which.source },
        }),

  /** @param {{source: string, project: string, paths: string[], mode: string}} job */
  openInResolve: ({ source, project, paths, mode }) =>
    request("POST", "/api/resolve/open", {
      body: { source, project, media_rel_paths: paths, mode },
    }),

  /** @returns {Promise<{jobs: import("./types.js").Job[]}>} - The latest first. */
  jobs: () => request("GET", "/api/resolve/jobs"),

  /** @param {string} id */
  cancelJob: (id) => request("POST", `/api/resolve/jobs/${segment(id)}/cancel`),

  /** @param {string} id */
  retryJob: (id) => request("POST", `/api/resolve/jobs/${segment(id)}/retry`),

  /**
   * @param {string} sha256
   * @returns {Promise<{markers: import("./types.js").Marker[]}>} - In the order of the clip.
   */
  markers: (sha256) => request("GET", "/api/markers", { query: { asset_id: `sha256:${sha256}` } }),

  /** @param {{asset_id: string, position_s: number, note: string, name: string}} marker */
  placeMarker: (marker) => request("POST", "/api/markers", { body: marker }),

  /** @param {string} id */
  removeMarker: (id) => request("DELETE", `/api/markers/${segment(id)}`),
};
