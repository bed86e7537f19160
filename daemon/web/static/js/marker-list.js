/**
 * The markers of a file: moments that somebody wants to find again. A click goes there.
 *
 * Neighbours: the preview holds it and says where its player is; they go with the clip into
 * Resolve. Asks anew when live.js tells of a marker.
 */

import { api } from "./api.js";
import { button, debounce, h, iconButton } from "./dom.js";
import { duration } from "./format.js";
import { attempt, attemptQuietly } from "./toasts.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").LibraryItem} LibraryItem */
/** @typedef {import("./types.js").Marker} Marker */

const LOOK_MS = 150;
const NOTE_CHARACTERS_MAX = 1000;

export class MarkerList extends HTMLElement {
  /**
   * @param {App} app
   * @param {{position: () => number | null, seek: (position_s: number) => void}} player -
   *   Where it is; null while it plays nothing.
   */
  constructor(app, player) {
    super();
    this.app = app;
    this.player = player;
    /** @type {LibraryItem | null} */
    this.item = null;
    this.list = h("ul", { class: "markers" });
    this.none = h("p", { class: "none" }, "None. Press m while it plays.");
    this.note = h("input", {
      class: "input",
      "aria-label": "Note of the new marker",
      placeholder: "Note",
      maxlength: NOTE_CHARACTERS_MAX,
    });
    const add = button("Mark", { class: "button small", type: "submit" });
    this.form = h("form", { class: "marker-form" }, this.note, add);
  }

  connectedCallback() {
    this.append(this.list, this.none, this.form);
    this.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.add();
    });
    const lookSoon = debounce(() => this.#look(), LOOK_MS);
    this.app.live.addEventListener("change", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.kind === "marker") lookSoon();
    });
    this.app.live.addEventListener("again", lookSoon);
  }

  /** @param {LibraryItem} item */
  show(item) {
    const isOther = this.item?.sha256 !== item.sha256;
    this.item = item;
    if (!isOther) return;
    this.note.value = "";
    this.list.replaceChildren();
    this.none.hidden = true;
    this.#look();
  }

  async #look() {
    const { item } = this;
    if (!item || !this.isConnected || !this.app.store.state.mayMark) return;
    const answer = await attemptQuietly(() => api.markers(item.sha256));
    if (answer && this.item === item) this.#draw(answer.markers);
  }

  /** @param {Marker[]} markers */
  #draw(markers) {
    this.none.hidden = markers.length > 0;
    this.list.replaceChildren(...markers.map((marker) => this.#row(marker)));
  }

  /** @param {Marker} marker */
  #row(marker) {
    const time = duration(marker.position_s) || "0:00";
    const go = h(
      "button",
      {
        type: "button",
        class: "marker",
        title: [marker.by, marker.device].filter(Boolean).join(", "),
        onclick: () => this.player.seek(marker.position_s),
      },
      h("span", { class: "marker-colour", "data-colour": marker.colour, "aria-hidden": "true" }),
      h("span", { class: "marker-time" }, time),
      h("span", { class: "marker-note" }, marker.note),
    );
    const remove = iconButton("close", `Take the marker at ${time} away`, {
      onclick: () => attempt(() => api.removeMarker(marker.id)),
    });
    return h("li", {}, go, remove);
  }

  /** Marks the moment that is played, with the note that was typed. */
  async add() {
    const { item } = this;
    const position_s = this.player.position();
    if (!item || position_s === null) return;
    const marker = { asset_id: `sha256:${item.sha256}`, position_s, note: this.note.value.trim() };
    const made = await attempt(() => api.placeMarker({ ...marker, name: item.name }));
    if (made) this.note.value = "";
  }
}

customElements.define("marker-list", MarkerList);
