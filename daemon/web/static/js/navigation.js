/**
 * Moves between places: writes the address bar, reads it, and remembers how far one had scrolled.
 *
 * Neighbours: place.js for the text, the store for the current place. Must never load anything:
 * whoever shows a place watches the store.
 */

import { START, formatPlace, parsePlace } from "./place.js";

/** @typedef {import("./types.js").Place} Place */

export class Navigation {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    addEventListener("popstate", () => this.#read());
    this.#read();
  }

  #read() {
    this.store.update({ place: parsePlace(location.hash) });
  }

  /**
   * Goes somewhere else; the back button leads here again.
   *
   * @param {Partial<Place>} change
   */
  go(change) {
    this.#move({ ...this.store.state.place, ...change }, { isNew: true });
  }

  /**
   * Goes to a place from anew: nothing of the current search is kept but the order.
   *
   * @param {Partial<Place>} place
   */
  goTo(place) {
    const { sort, order } = this.store.state.place;
    this.#move({ ...START, sort, order, ...place }, { isNew: true });
  }

  /**
   * Changes the current place, as typing does: the back button skips what was here before.
   *
   * @param {Partial<Place>} change
   */
  replace(change) {
    this.#move({ ...this.store.state.place, ...change }, { isNew: false });
  }

  /**
   * @param {Place} place
   * @param {{isNew: boolean}} how
   */
  #move(place, { isNew }) {
    const hash = formatPlace(place);
    if (hash === formatPlace(this.store.state.place)) return;
    if (isNew) history.pushState(null, "", hash);
    else history.replaceState(history.state, "", hash);
    this.store.update({ place });
  }

  /** Leaves the preview: back to where it was opened from, or in place when it was linked to. */
  leavePreview() {
    const { place } = this.store.state;
    if (place.preview === "") return;
    if (!history.state?.openedHere) {
      this.replace({ preview: "" });
      return;
    }
    // Going back takes a moment, in which a second Escape must not go back twice.
    this.store.update({ place: { ...place, preview: "" } });
    history.back();
  }

  /**
   * Opens the preview of a file; while one is open, another takes its place.
   *
   * @param {string} key
   */
  preview(key) {
    const isOpen = this.store.state.place.preview !== "";
    if (isOpen) {
      this.replace({ preview: key });
      return;
    }
    const { index } = this;
    this.go({ preview: key });
    history.replaceState({ index, openedHere: true }, "");
  }

  /**
   * Where in the listing one is, kept with this entry of the history.
   *
   * @param {number} index
   */
  rememberScroll(index) {
    if (history.state?.index === index) return;
    history.replaceState({ ...history.state, index }, "");
  }

  /** The place in the listing that this entry of the history was left at. */
  get index() {
    return Number(history.state?.index ?? 0);
  }
}
