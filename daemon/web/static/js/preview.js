/**
 * Looks at one file: plays it, shows it, tells its facts; arrow keys lead to its neighbours.
 *
 * Neighbours: the place says which file, stage.js plays it, file-facts.js tells about it. Must
 * never change the selection, and its trash button means this file alone.
 */

import { h, iconButton } from "./dom.js";
import { FileFacts } from "./file-facts.js";
import { count } from "./format.js";
import { MarkerList } from "./marker-list.js";
import { keyOf } from "./place.js";
import { Stage } from "./stage.js";
import { attempt, tell } from "./toasts.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").LibraryItem} LibraryItem */

const FACTS_STORED_AS = "playhead.facts";
const SKIP_S = 5;

export class FilePreview extends HTMLElement {
  /**
   * @param {App} app
   * @param {{onClosed: (key: string) => void}} on - Told which file was looked at last.
   */
  constructor(app, { onClosed }) {
    super();
    this.app = app;
    this.onClosed = onClosed;
    this.key = "";
    /** @type {LibraryItem | null} */
    this.item = null;
    this.heading = h("h2", { id: "preview-title" });
    this.position = h("span", { class: "position" });
    this.stage = new Stage();
    this.markers = new MarkerList(app, {
      position: () => this.stage.position,
      seek: (position_s) => this.stage.seek(position_s),
    });
    this.facts = new FileFacts(app, this.markers);
    this.previous = iconButton("left", "Previous file", { onclick: () => this.#step(-1) });
    this.next = iconButton("right", "Next file", { onclick: () => this.#step(1) });
    this.previous.classList.add("step");
    this.next.classList.add("step");
    this.dialog = this.#makeDialog();
  }

  #makeDialog() {
    const titles = h("div", { class: "preview-titles" }, this.heading, this.position);
    const head = h("div", { class: "preview-head" }, this.#closeButton(), titles, this.#buttons());
    const scene = h("div", { class: "scene" }, this.previous, this.stage, this.next);
    const body = h("div", { class: "preview-body" }, scene, this.facts);
    const facts = localStorage.getItem(FACTS_STORED_AS) ?? "shown";
    const attributes = {
      class: "preview",
      "aria-labelledby": "preview-title",
      "data-facts": facts,
    };
    return h("dialog", attributes, head, body);
  }

  connectedCallback() {
    const { store, library } = this.app;
    this.append(this.dialog);
    this.dialog.addEventListener("cancel", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.app.navigation.leavePreview();
    });
    // A browser may close a dialog against our will, on Escape pressed again and again.
    this.dialog.addEventListener("close", () => this.app.navigation.leavePreview());
    this.dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      this.#pressed(event);
    });
    store.watch(["place"], ({ place }) => this.#follow(place.preview));
    library.addEventListener("items", () => this.#refresh());
  }

  #closeButton() {
    return iconButton("close", "Close the preview", {
      onclick: () => this.app.navigation.leavePreview(),
    });
  }

  #buttons() {
    const { actions } = this.app;
    const act = (/** @type {(items: LibraryItem[]) => unknown} */ run) => () =>
      this.item && run([this.item]);
    return h(
      "div",
      { class: "preview-buttons" },
      iconButton("resolve", "Open in Resolve", {
        onclick: act((items) => actions.openInResolve(items)),
      }),
      iconButton("download", "Download", { onclick: act((items) => actions.download(items)) }),
      iconButton("link", "Copy the link", { onclick: act((items) => actions.copyLinks(items)) }),
      iconButton("move", "Move to another project", {
        onclick: act((items) => actions.move(items)),
      }),
      iconButton("trash", "Move this file to the trash", { onclick: act(() => this.#trash()) }),
      iconButton("info", "Facts", { onclick: () => this.#toggleFacts() }),
    );
  }

  /** @param {string} key */
  async #follow(key) {
    if (key === this.key) return;
    this.key = key;
    if (key === "") {
      this.#close();
      return;
    }
    const item = await attempt(() => this.app.library.find(key));
    if (this.key !== key) return;
    if (!item) {
      tell("That file is no longer there.");
      this.app.navigation.replace({ preview: "" });
      return;
    }
    this.#show(/** @type {LibraryItem} */ (item));
  }

  /** @param {LibraryItem} item */
  #show(item) {
    this.item = item;
    this.heading.textContent = item.name;
    this.stage.show(item);
    this.facts.show(item);
    this.#drawPosition();
    if (!this.dialog.open) this.dialog.showModal();
  }

  #close() {
    const { item } = this;
    this.item = null;
    this.stage.clear();
    if (!this.dialog.open) return;
    document.body.append(...this.dialog.querySelectorAll(".toast-corner"));
    this.dialog.close();
    if (item) this.onClosed(keyOf(item));
  }

  /** The listing changed: the facts may be others, the neighbours too. */
  #refresh() {
    if (!this.item) return;
    const index = this.app.library.indexOf(this.key);
    const item = /** @type {LibraryItem | undefined} */ (this.app.library.items[index]);
    if (item && item !== this.item) {
      this.item = item;
      this.facts.show(item);
    }
    this.#drawPosition();
  }

  #drawPosition() {
    const { library } = this.app;
    const index = library.indexOf(this.key);
    const total = library.total ?? library.items.length;
    this.position.textContent = index < 0 ? "" : `${count(index + 1)} of ${count(total)}`;
    this.previous.disabled = index <= 0;
    this.next.disabled = index < 0 || index >= library.count - 1;
  }

  /** @param {number} step */
  #step(step) {
    const { library, navigation } = this.app;
    const index = library.indexOf(this.key);
    const item = index < 0 ? undefined : library.items[index + step];
    if (item) navigation.preview(keyOf(item));
    if (index >= 0) library.look(index, index + 2);
  }

  async #trash() {
    const { library, navigation, actions } = this.app;
    const { item } = this;
    if (!item) return;
    const index = library.indexOf(this.key);
    const neighbour = library.items[index + 1] ?? library.items[index - 1];
    if (!(await actions.trash([item]))) return;
    if (neighbour && index >= 0) navigation.preview(keyOf(neighbour));
    else navigation.leavePreview();
  }

  #toggleFacts() {
    const state = this.dialog.dataset.facts === "shown" ? "hidden" : "shown";
    this.dialog.dataset.facts = state;
    localStorage.setItem(FACTS_STORED_AS, state);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (
      target.matches("input, select, textarea") ||
      event.altKey ||
      event.ctrlKey ||
      event.metaKey
    ) {
      return;
    }
    const run = this.#keys().get(event.key);
    const isButton = target.matches("button, a") && event.key === " ";
    if (!run || isButton) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** @returns {Map<string, () => void>} */
  #keys() {
    return new Map([
      ["ArrowLeft", () => this.#step(-1)],
      ["ArrowRight", () => this.#step(1)],
      [" ", () => this.stage.togglePlay()],
      ["k", () => this.stage.togglePlay()],
      ["j", () => this.stage.skip(-SKIP_S)],
      ["l", () => this.stage.skip(SKIP_S)],
      ["f", () => this.stage.toggleFullScreen()],
      ["i", () => this.#toggleFacts()],
      ["m", () => this.markers.add()],
      ["Delete", () => this.#trash()],
    ]);
  }
}

customElements.define("file-preview", FilePreview);
