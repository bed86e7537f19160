/**
 * A listing that is loaded page after page behind a cursor, and kept true while it changes.
 *
 * Each page remembers the cursor it was asked for with, so a page in the middle can be asked for
 * again; what slid over its edge is handed to the page after it. Neighbours: library.js makes one
 * for each query. Must never know what the items are, only their keys.
 */

import { keyOf } from "./place.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {{cursor: string | null, next: string | null, items: Item[]}} Segment */

export const FIRST_PAGE = 200;
const NEXT_PAGE = 500;
const PAGE_MAX = 1000;

/** Rows wanted so far ahead are fetched in the largest pages. */
const FAR_AHEAD = 2000;

/** Rows that are fetched before anybody scrolls to them. */
const LOOK_AHEAD = 300;

/** More rows than browsers can scroll through anyway; a search finds the rest. */
export const LOADED_MAX = 100_000;

export class Pages {
  /**
   * @param {(query: {cursor: string | null, limit: number}) => Promise<Page>} fetchPage
   * @param {() => void} onChange - Called after each change of what is loaded.
   */
  constructor(fetchPage, onChange) {
    this.fetchPage = fetchPage;
    this.onChange = onChange;
    /** @type {Segment[]} */
    this.segments = [];
    /** @type {Item[]} */
    this.items = [];
    /** @type {number | null} */
    this.total = null;
    /** @type {unknown} */
    this.problem = null;
    this.isClosed = false;
    this.wanted = 0;
    /** @type {Map<string, number> | null} */
    this.indexes = null;
    /** @type {Promise<void>} */
    this.turn = Promise.resolve();
    this.isLoading = false;
  }

  /** Whether nothing is left to load. */
  get isComplete() {
    const last = this.segments.at(-1);
    return last !== undefined && (last.next === null || this.items.length >= LOADED_MAX);
  }

  /** How many rows the listing has, those that are not loaded included. */
  get count() {
    if (this.isComplete) return this.items.length;
    const known = Math.max(this.total ?? 0, this.items.length);
    return Math.min(known + (this.total === null && known > 0 ? NEXT_PAGE : 0), LOADED_MAX);
  }

  /** @param {string} key */
  indexOf(key) {
    this.indexes ??= new Map(this.items.map((item, index) => [keyOf(item), index]));
    return this.indexes.get(key) ?? -1;
  }

  /**
   * Loads until the row `last` and some after it are there. The latest wish counts: who scrolls
   * back does not wait for what is no longer looked at.
   *
   * @param {number} last
   */
  async ensure(last) {
    this.wanted = last + LOOK_AHEAD;
    if (this.isLoading || this.problem) return;
    this.isLoading = true;
    await this.#inTurn(() => this.#load());
    this.isLoading = false;
  }

  /** Loads everything there is, up to the maximum. */
  async ensureAll() {
    do {
      await this.ensure(LOADED_MAX);
      await this.turn;
    } while (!this.isComplete && !this.problem && !this.isClosed);
  }

  async #load() {
    while (!this.isClosed && !this.isComplete && this.#isShort()) {
      const last = this.segments.at(-1);
      const cursor = last?.next ?? null;
      const page = await this.#fetch(cursor, last ? this.#limit() : FIRST_PAGE);
      if (page === null) return;
      this.total = page.total ?? this.total;
      this.segments.push({ cursor, next: page.next, items: page.items });
      this.#settle();
    }
  }

  #isShort() {
    return this.segments.length === 0 || this.items.length < this.wanted;
  }

  #limit() {
    return this.wanted - this.items.length > FAR_AHEAD ? PAGE_MAX : NEXT_PAGE;
  }

  /**
   * Asks again for the first page, which knows the total, and for those with the rows in sight.
   *
   * @param {number} first
   * @param {number} last
   * @returns {Promise<boolean>} - Whether the loaded rows are still the same listing without holes.
   */
  async refresh(first, last) {
    this.problem = null;
    let isWhole = true;
    await this.#inTurn(async () => {
      for (const segment of this.#inSight(first, last)) {
        const position = this.segments.indexOf(segment);
        if (position < 0) break; // the pages before it have no room for it any more
        const page = await this.#fetch(segment.cursor, pageSizeFor(segment));
        if (page === null) break;
        this.total = page.total ?? this.total;
        isWhole = this.#splice(position, page) && isWhole;
      }
      this.#settle();
    });
    await this.ensure(last);
    return isWhole;
  }

  /**
   * @param {number} first
   * @param {number} last
   */
  #inSight(first, last) {
    let start = 0;
    return this.segments.filter((segment, position) => {
      const end = start + segment.items.length;
      const isSeen = start <= last && end > first;
      start = end;
      return isSeen || position === 0;
    });
  }

  /**
   * Puts a page in the place of the one that was loaded with the same cursor.
   *
   * @param {number} position
   * @param {Page} page
   * @returns {boolean} - False when the pages after it no longer fit and were let go.
   */
  #splice(position, page) {
    const segment = /** @type {Segment} */ (this.segments[position]);
    const before = segment.items;
    Object.assign(segment, { items: page.items, next: page.next });
    const following = this.segments[position + 1];
    if (following === undefined) return true;
    const rest = page.next === null ? null : slidOver(before, page.items, following.items);
    if (rest === null) {
      this.segments.length = position + 1;
      return page.next === null;
    }
    Object.assign(following, { cursor: page.next, items: rest });
    return true;
  }

  /**
   * @param {string | null} cursor
   * @param {number} limit
   * @returns {Promise<Page | null>} - null when it failed or nobody waits for it any more.
   */
  async #fetch(cursor, limit) {
    try {
      const page = await this.fetchPage({ cursor, limit });
      return this.isClosed ? null : page;
    } catch (problem) {
      this.problem = problem;
      if (!this.isClosed) this.onChange();
      return null;
    }
  }

  #settle() {
    if (this.isClosed) return;
    this.items = this.segments.flatMap((segment) => segment.items);
    this.indexes = null;
    this.onChange();
  }

  /**
   * One thing after the other: a refresh must not run while a page is being added.
   *
   * @param {() => Promise<void>} run
   */
  #inTurn(run) {
    this.turn = this.turn.then(run);
    return this.turn;
  }
}

/** @param {Segment} segment */
function pageSizeFor(segment) {
  return Math.min(Math.max(segment.items.length, FIRST_PAGE), PAGE_MAX);
}

/**
 * The rows of the following page, after the one before it was loaded anew.
 *
 * @param {Item[]} before
 * @param {Item[]} after
 * @param {Item[]} following
 * @returns {Item[] | null} - null when the new page ends where neither old one has a row.
 */
export function slidOver(before, after, following) {
  const last = after.at(-1);
  if (last === undefined) return following;
  const isLast = (/** @type {Item} */ item) => keyOf(item) === keyOf(last);
  const shown = new Set(after.map(keyOf));
  const inBefore = before.findIndex(isLast);
  if (inBefore >= 0) {
    const pushed = before.slice(inBefore + 1).filter((item) => !shown.has(keyOf(item)));
    return [...pushed, ...following];
  }
  const inFollowing = following.findIndex(isLast);
  return inFollowing < 0 ? null : following.slice(inFollowing + 1);
}
