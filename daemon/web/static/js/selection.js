/**
 * Which files are selected, and from where a range is counted.
 *
 * Neighbours: the media view changes it, the action bar shows it, actions.js takes its items. Must
 * never be changed by looking at a file: what is deleted is what somebody selected, nothing else.
 */

import { keyOf } from "./place.js";

/** @typedef {import("./types.js").Item} Item */

export class Selection extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Item>} */
    this.chosen = new Map();
    /** The key that a range begins at. */
    this.anchor = "";
  }

  get size() {
    return this.chosen.size;
  }

  /** The selected files, in the order in which they were selected. */
  get items() {
    return [...this.chosen.values()];
  }

  /** @param {Item} item */
  has(item) {
    return this.chosen.has(keyOf(item));
  }

  /** @param {Item} item */
  only(item) {
    this.chosen = new Map([[keyOf(item), item]]);
    this.anchor = keyOf(item);
    this.#changed();
  }

  /** @param {Item} item */
  toggle(item) {
    const key = keyOf(item);
    if (!this.chosen.delete(key)) this.chosen.set(key, item);
    this.anchor = key;
    this.#changed();
  }

  /**
   * Selects these too; the range still begins where it began.
   *
   * @param {Item[]} items
   */
  add(items) {
    for (const item of items) this.chosen.set(keyOf(item), item);
    this.#changed();
  }

  /**
   * Selects exactly these.
   *
   * @param {Item[]} items
   */
  set(items) {
    this.chosen = new Map(items.map((item) => [keyOf(item), item]));
    this.#changed();
  }

  clear() {
    if (this.size === 0) return;
    this.chosen = new Map();
    this.#changed();
  }

  /**
   * Lets go of files that are no longer there.
   *
   * @param {string[]} keys
   */
  forget(keys) {
    const before = this.size;
    for (const key of keys) this.chosen.delete(key);
    if (this.size !== before) this.#changed();
  }

  /**
   * Takes the files as they are now: tags and sizes may have changed since they were selected.
   *
   * @param {Item[]} items
   */
  renew(items) {
    if (this.size === 0) return;
    for (const item of items) {
      const key = keyOf(item);
      if (this.chosen.has(key)) this.chosen.set(key, item);
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
