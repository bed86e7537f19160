/**
 * What stands in the place of the listing while there is none: loading, nothing found, refused.
 *
 * Neighbours: the library knows which of these it is. Offers the way on that fits.
 */

import { Problem } from "./api.js";
import { button, h, icon } from "./dom.js";
import { START, isSameQuery } from "./place.js";

/** @typedef {import("./types.js").App} App */

export class ListingState extends HTMLElement {
  /**
   * @param {App} app
   * @param {{onUpload: () => void}} on
   */
  constructor(app, { onUpload }) {
    super();
    this.app = app;
    this.onUpload = onUpload;
  }

  connectedCallback() {
    const { library, store } = this.app;
    for (const name of ["items", "reset"]) library.addEventListener(name, () => this.#draw());
    store.watch(["sources", "sidebarLoaded"], () => this.#draw());
    this.#draw();
  }

  #draw() {
    const { library } = this.app;
    this.hidden = library.items.length > 0;
    if (this.hidden) return;
    const { problem } = library;
    if (problem) this.#say("warning", messageOf(problem), hintOf(problem), this.#again());
    else if (library.isEmpty) this.#drawEmpty();
    else this.replaceChildren(h("p", { class: "loading" }, "Loading…"));
  }

  #drawEmpty() {
    const { place, sources } = this.app.store.state;
    const { source, project, area, sort, order } = place;
    const plain = { ...START, source, project, area, sort, order };
    const root = sources.find(({ name }) => name === source);
    if (area === "trash") this.#say("trash", "The trash is empty.", "");
    else if (root && !root.enabled) this.#say("disk-off", `${source} is turned off.`, "");
    else if (root && !root.accessible) this.#say("disk-off", `${source} is offline.`, OFFLINE_HINT);
    else if (isSameQuery(place, plain))
      this.#say("film", "Nothing here yet.", EMPTY_HINT, this.#upload());
    else this.#say("search", "Nothing matches.", "", this.#widen(plain));
  }

  /**
   * @param {string} picture
   * @param {string} text
   * @param {string} hint
   * @param {Node | null} [offer]
   */
  #say(picture, text, hint, offer = null) {
    const parts = [
      icon(picture),
      h("p", {}, text),
      hint ? h("p", { class: "hint" }, hint) : null,
      offer,
    ];
    this.replaceChildren(h("div", { class: "empty" }, ...parts.filter((part) => part !== null)));
  }

  #again() {
    return button("Try again", { icon: "refresh", onclick: () => this.app.library.refresh() });
  }

  #upload() {
    return button("Upload files", {
      icon: "upload",
      class: "button primary",
      onclick: this.onUpload,
    });
  }

  /** @param {import("./types.js").Place} plain */
  #widen(plain) {
    return button("Clear search and filters", { onclick: () => this.app.navigation.go(plain) });
  }
}

const EMPTY_HINT = "Drop files or folders anywhere on this page.";
const OFFLINE_HINT = "Its files are safe and come back with it; nothing is forgotten meanwhile.";

/** @param {unknown} problem */
function messageOf(problem) {
  return problem instanceof Error ? problem.message : "Something went wrong.";
}

/** @param {unknown} problem */
function hintOf(problem) {
  return problem instanceof Problem ? problem.hint : "";
}

customElements.define("listing-state", ListingState);
