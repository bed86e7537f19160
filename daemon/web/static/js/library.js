/**
 * The listing of the current place: which rows there are, which are loaded, and when to look again.
 *
 * Neighbours: the store says where we are, pages.js loads, the media view shows and says what is in
 * sight, live.js says that something changed. Events: `reset` for another query, `items` whenever
 * rows came, went or changed, `gone` with the keys that are no longer listed.
 */

import { api } from "./api.js";
import { Pages } from "./pages.js";
import { formatPlace, isListing, keyOf, libraryQuery } from "./place.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Place} Place */

/** Changes are gathered this long before the listing is looked at again. */
const GATHER_MS = 250;

/** And it is looked at no more often than this, however much happens. */
const REST_MS = 1000;

export class Library extends EventTarget {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    super();
    this.visible = { first: 0, last: 0 };
    this.query = "";
    this.isElsewhere = false;
    this.refreshed_ms = 0;
    this.timer = 0;
    this.pages = new Pages(neverAsked, () => {});
    store.watch(["place"], ({ place }) => this.#open(place));
  }

  /** @param {Place} place */
  #open(place) {
    const wasElsewhere = this.isElsewhere;
    this.isElsewhere = !isListing(place.area);
    if (this.isElsewhere) return;
    const query = formatPlace({ ...place, preview: "" });
    if (query === this.query) {
      if (wasElsewhere) this.refreshSoon(); // nobody looked at it meanwhile
      return;
    }
    this.query = query;
    this.pages.isClosed = true;
    const fetchPage = place.area === "trash" ? trashPages(place) : libraryPages(place);
    this.pages = new Pages(fetchPage, () => this.dispatchEvent(new Event("items")));
    this.visible = { first: 0, last: 0 };
    this.dispatchEvent(new Event("reset"));
    this.pages.ensure(0);
  }

  /** How many rows there are, loaded or not. */
  get count() {
    return this.pages.count;
  }

  /** How many files match, as far as the daemon said; null when it does not count. */
  get total() {
    return this.pages.isComplete ? this.pages.items.length : this.pages.total;
  }

  /** The rows that are loaded. */
  get items() {
    return this.pages.items;
  }

  get isEmpty() {
    return this.pages.isComplete && this.pages.items.length === 0;
  }

  get isComplete() {
    return this.pages.isComplete;
  }

  /** What went wrong with the latest loading, or null. */
  get problem() {
    return this.pages.problem;
  }

  /** @param {string} key */
  indexOf(key) {
    return this.pages.indexOf(key);
  }

  /**
   * Says which rows are looked at; they and some after them are loaded.
   *
   * @param {number} first
   * @param {number} last
   */
  look(first, last) {
    this.visible = { first, last };
    this.pages.ensure(last);
  }

  /** Loads every row, for those who want to select them all. */
  async loadAll() {
    await this.pages.ensureAll();
  }

  /** Looks at the listing again soon: something changed. */
  refreshSoon() {
    if (this.timer) return;
    const rest_ms = this.refreshed_ms + REST_MS - performance.now();
    this.timer = setTimeout(() => this.refresh(), Math.max(GATHER_MS, rest_ms));
  }

  /** Looks at the listing again: the first page and what is in sight. */
  async refresh() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { pages, visible } = this;
    const before = pages.items.map(keyOf);
    const isWhole = await pages.refresh(visible.first, visible.last);
    this.refreshed_ms = performance.now();
    if (!isWhole || pages.problem || pages !== this.pages) return;
    const gone = before.filter((key) => pages.indexOf(key) < 0);
    if (gone.length > 0) this.dispatchEvent(new CustomEvent("gone", { detail: gone }));
  }

  /**
   * The file with this key: from the rows that are loaded, or asked for by its name.
   *
   * @param {string} key - Of a file of the library, not of the trash.
   * @returns {Promise<Item | null>}
   */
  async find(key) {
    const index = this.indexOf(key);
    if (index >= 0) return this.items[index] ?? null;
    const [source, project, ...path] = key.split("/");
    const q = path.at(-1) ?? "";
    const page = await api.library({ source, project, q, limit: "200" });
    return page.items.find((item) => keyOf(item) === key) ?? null;
  }
}

/** @param {Place} place */
function libraryPages(place) {
  const query = libraryQuery(place);
  return (/** @type {{cursor: string | null, limit: number}} */ { cursor, limit }) =>
    api.library({ ...query, cursor: cursor ?? undefined, limit: String(limit) });
}

/** @param {Place} place */
function trashPages(place) {
  const source = place.source || undefined;
  return (/** @type {{cursor: string | null, limit: number}} */ { cursor, limit }) =>
    api.trash({ source, cursor: cursor ?? undefined, limit: String(limit) });
}

/** @returns {Promise<import("./types.js").Page>} */
function neverAsked() {
  return Promise.reject(new Error("No place is open yet."));
}
