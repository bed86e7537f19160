/**
 * The requests of the dashboard: one function each.
 *
 * Neighbours: api.js has those of the library, and sends both. Must never touch the page.
 */

import { request } from "../api.js";

/** @typedef {import("./shapes.js").LogEvent} LogEvent */
/** @typedef {Record<string, string | undefined>} Query */
/** @typedef {AbortSignal | undefined} Signal */

/** Stretches of the log that are looked through for one event, at most. */
const STRETCHES_MAX = 50;

/** Of the events after one, so many are looked at for what followed from it. */
export const EFFECTS_AMONG = 1000;

/** @param {string} text */
const segment = (text) => encodeURIComponent(text);

/**
 * @param {string} path
 * @param {Query} [query]
 * @param {Signal} [signal]
 */
const get = (path, query, signal) => request("GET", path, { query, signal });

/** What the daemon is asked. */
export const board = {
  /** @returns {Promise<import("./shapes.js").Status>} */
  status: () => get("/api/status"),

  /**
   * @param {Signal} [signal]
   * @returns {Promise<{watched: import("./shapes.js").Watched[]}>}
   */
  now: (signal) => get("/api/now", {}, signal),

  /**
   * @param {Query} query
   * @param {Signal} [signal]
   * @returns {Promise<{user: string, watched: import("./shapes.js").Watched[]}>}
   */
  goOn: (query, signal) => get("/api/continue", query, signal),

  /**
   * @param {Signal} [signal]
   * @returns {Promise<{people: {name: string}[]}>}
   */
  people: (signal) => get("/api/people", {}, signal),

  /** @returns {Promise<import("./shapes.js").Server[]>} */
  servers: () => get("/api/servers"),

  /** @returns {Promise<import("./shapes.js").Player[]>} */
  players: () => get("/api/players"),

  /**
   * @param {string} player
   * @returns {Promise<{entries: {id: number, name: string, playing: boolean}[],
   *   truncated: boolean}>}
   */
  playlist: (player) => get(`/api/players/${segment(player)}/playlist`),

  /** @param {string} player */
  syncPlayer: (player) => request("POST", `/api/players/${segment(player)}/sync`),

  /** @param {string} server */
  sweep: (server) => request("POST", `/api/servers/${segment(server)}/sweep`),

  /**
   * @param {string} server
   * @param {"accept" | "restore"} decision
   */
  releaseBrake: (server, decision) =>
    request("POST", `/api/servers/${segment(server)}/brake`, { body: { decision } }),

  /**
   * @param {Signal} [signal]
   * @returns {Promise<import("./shapes.js").Queue>}
   */
  queue: (signal) => get("/api/queue", {}, signal),

  /**
   * @param {string} status - pending, waiting or failed.
   * @param {Query} query
   * @param {Signal} [signal]
   * @returns {Promise<import("./shapes.js").Delivery[]>}
   */
  deliveries: (status, query, signal) => get(`/api/events/${status}`, query, signal),

  /** @param {number} id */
  retry: (id) => request("POST", `/api/events/${id}/retry`),

  /** @param {number} id */
  discard: (id) => request("POST", `/api/events/${id}/discard`),

  /**
   * @param {Query} query
   * @param {Signal} [signal]
   * @returns {Promise<{events: LogEvent[], next: number | null}>}
   */
  events: (query, signal) => get("/api/events", query, signal),

  /**
   * @param {number} seq
   * @param {Signal} [signal]
   * @returns {Promise<{event: LogEvent, hash: string}>}
   */
  event: (seq, signal) => get(`/api/events/${seq}`, {}, signal),

  /**
   * @param {Query} query
   * @returns {Promise<{days: {type: string, source: string}[]}>}
   */
  summary: (query) => get("/api/summary", query),

  /**
   * @param {Query} query
   * @returns {Promise<import("./shapes.js").Activity>}
   */
  activity: (query) => get("/api/activity", query),

  /** @param {Query} query */
  explain: (query) => get("/api/explain", query),

  /**
   * @returns {Promise<{views: {name: string, about: string}[], first: string | null,
   *   last: string | null, head: number}>}
   */
  views: () => get("/api/views"),

  /**
   * @param {string} name
   * @param {Query} query
   * @param {Signal} [signal]
   * @returns {Promise<import("./shapes.js").PastPage>}
   */
  viewAt: (name, query, signal) => get(`/api/views/${segment(name)}`, query, signal),

  /**
   * @param {object} body
   * @returns {Promise<{plan: import("./shapes.js").UndoPlan, seqs: number[]}>}
   */
  undo: (body) => request("POST", "/api/undo", { body }),

  /**
   * @param {Signal} [signal]
   * @returns {Promise<{organizers: import("./shapes.js").Organizer[]}>}
   */
  organizers: (signal) => get("/api/organizer/plan", {}, signal),

  /**
   * @param {Query} query
   * @param {Signal} [signal]
   * @returns {Promise<{filings: import("./shapes.js").Filing[], next: number | null}>}
   */
  filings: (query, signal) => get("/api/organizer/filings", query, signal),

  /**
   * @param {string} organizer
   * @returns {Promise<{organizers: import("./shapes.js").Organizer[]}>}
   */
  fileNow: (organizer) => request("POST", "/api/organizer/run", { body: { names: [organizer] } }),

  /**
   * @param {{ids: string[], confirm: boolean}} body - Unless it is confirmed nothing is done.
   * @returns {Promise<{steps: import("./shapes.js").Unfiling[], done: boolean}>}
   */
  unfile: (body) => request("POST", "/api/organizer/undo", { body }),

  /** @returns {Promise<import("./shapes.js").Access>} */
  access: () => get("/api/access"),

  /** @param {{name: string, password: string, scopes: string[]}} body */
  putUser: (body) => request("POST", "/api/access/users", { body }),

  /**
   * @param {string} name
   * @returns {Promise<{removed: string, tokens: number}>}
   */
  removeUser: (name) => request("DELETE", `/api/access/users/${segment(name)}`),

  /**
   * @param {{user: string, label: string, scopes: string[]}} body
   * @returns {Promise<{token: {id: string}, secret: string}>}
   */
  makeToken: (body) => request("POST", "/api/access/tokens", { body }),

  /** @param {string} id */
  removeToken: (id) => request("DELETE", `/api/access/tokens/${segment(id)}`),

  /** @returns {Promise<{settings: import("./shapes.js").Setting[]}>} */
  settings: () => get("/api/settings"),
};

/**
 * What followed directly from an event, among the events shortly after it.
 *
 * @param {number} seq
 */
export async function effectsOf(seq) {
  const query = { after: String(seq), limit: String(EFFECTS_AMONG) };
  const { events } = await board.events(query);
  return events.filter(({ cause }) => cause === seq);
}

/**
 * The first event recorded at or after a moment, or (backwards) the last one before it; null when
 * there is none.
 *
 * @param {string} moment - ISO 8601.
 * @param {{isBackwards: boolean}} how
 * @returns {Promise<number | null>}
 */
export async function seqAt(moment, { isBackwards }) {
  const bound = isBackwards ? { until: moment, order: "desc" } : { since: moment, order: "asc" };
  let from = {};
  for (let stretch = 0; stretch < STRETCHES_MAX; stretch += 1) {
    const { events, next } = await board.events({ ...bound, ...from, limit: "1" });
    if (events[0]) return events[0].seq;
    if (next === null) return null;
    from = isBackwards ? { before: String(next) } : { after: String(next) };
  }
  return null;
}
