/**
 * The small state that several parts of the page look at: who, where, which sources, how connected.
 *
 * Neighbours: main.js fills it, elements watch it. Must never hold the listing itself (library.js)
 * nor what is selected (selection.js): those change too often and have their own events.
 */

/** @typedef {import("./types.js").State} State */

export class Store extends EventTarget {
  /** @param {State} state */
  constructor(state) {
    super();
    this.state = Object.freeze(state);
  }

  /**
   * Replaces some fields and tells those who watch them.
   *
   * @param {Partial<State>} patch
   */
  update(patch) {
    const before = /** @type {Record<string, unknown>} */ (this.state);
    const keys = Object.entries(patch)
      .filter(([key, value]) => before[key] !== value)
      .map(([key]) => key);
    if (keys.length === 0) return;
    this.state = Object.freeze({ ...this.state, ...patch });
    this.dispatchEvent(new CustomEvent("change", { detail: new Set(keys) }));
  }

  /**
   * Calls back now and whenever one of the fields changes.
   *
   * @param {(keyof State)[]} keys
   * @param {(state: State) => void} callback
   */
  watch(keys, callback) {
    this.addEventListener("change", (event) => {
      const changed = /** @type {CustomEvent<Set<string>>} */ (event).detail;
      if (keys.some((key) => changed.has(key))) callback(this.state);
    });
    callback(this.state);
  }
}
