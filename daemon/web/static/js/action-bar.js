/**
 * The bar at the bottom while something is selected: how much, and what can be done with it.
 *
 * Neighbours: the selection says what, actions.js does it. Shows other actions in the trash.
 */

import { h, icon, iconButton } from "./dom.js";
import { sizeOf } from "./actions.js";
import { bytes, count } from "./format.js";
import { LOADED_MAX } from "./pages.js";

/** @typedef {import("./types.js").App} App */

export class ActionBar extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
  }

  connectedCallback() {
    const { selection, library, store } = this.app;
    this.setAttribute("role", "toolbar");
    this.setAttribute("aria-label", "Selected files");
    this.text = h("span", { class: "chosen", role: "status" });
    this.all = h("button", {
      type: "button",
      class: "button quiet",
      onclick: () => this.#selectAll(),
    });
    this.buttons = h("div", { class: "action-buttons" });
    const clear = iconButton("close", "Clear the selection", { onclick: () => selection.clear() });
    this.append(clear, h("div", { class: "chosen-row" }, this.text, this.all), this.buttons);
    selection.addEventListener("change", () => this.#draw());
    library.addEventListener("items", () => this.#draw());
    store.watch(["place", "mayAdminister"], () => this.#drawButtons());
    this.#draw();
  }

  #draw() {
    const { selection, library } = this.app;
    const { size } = selection;
    this.hidden = size === 0;
    if (size === 0) return;
    this.text.textContent = `${count(size)} selected · ${bytes(sizeOf(selection.items))}`;
    const total = library.total ?? 0;
    this.all.hidden = library.items.length === 0 || size >= Math.min(total, LOADED_MAX);
    this.all.textContent = `Select all ${count(total)}`;
  }

  async #selectAll() {
    const { library, selection } = this.app;
    const { query } = library;
    this.all.disabled = true;
    await library.loadAll();
    this.all.disabled = false;
    if (query === library.query) selection.set(library.items);
  }

  #drawButtons() {
    const { place, mayAdminister } = this.app.store.state;
    this.buttons.replaceChildren(
      ...(place.area === "trash" ? this.#inTrash(mayAdminister) : this.#inLibrary()),
    );
  }

  #inLibrary() {
    const { actions, selection } = this.app;
    const items = () => /** @type {any[]} */ (selection.items);
    return [
      action("Resolve", "resolve", "Open in Resolve", () => actions.openInResolve(items())),
      action("Move", "move", "Move to another project", () => actions.move(items())),
      action("Tags", "tag", "Add and take away tags", () => actions.editTags(items())),
      action("Download", "download", "Download", () => actions.download(items())),
      action("Links", "link", "Copy links", () => actions.copyLinks(items())),
      action("Trash", "trash", "Move to the trash", () => actions.trash(items()), "danger"),
    ];
  }

  /** @param {boolean} mayAdminister */
  #inTrash(mayAdminister) {
    const { actions, selection } = this.app;
    const items = () => /** @type {any[]} */ (selection.items);
    const restore = () => actions.restore(items().map((item) => item.id));
    const buttons = [action("Restore", "restore", "Put back where it was", restore)];
    if (mayAdminister) {
      const remove = () => actions.deleteForEver(items());
      buttons.push(action("Delete", "trash", "Delete for ever", remove, "danger"));
    }
    return buttons;
  }
}

/**
 * @param {string} text
 * @param {string} picture
 * @param {string} label - Its full name, which begins as the short one does or says the same.
 * @param {() => void} onclick
 * @param {string} [kind]
 */
function action(text, picture, label, onclick, kind = "") {
  const attributes = { type: "button", class: `action ${kind}`.trim(), title: label, onclick };
  return h("button", attributes, icon(picture), h("span", {}, text));
}

customElements.define("action-bar", ActionBar);
