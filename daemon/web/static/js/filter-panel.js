/**
 * The filters one needs less often: tags, origin, dates; behind one button that counts them.
 *
 * Neighbours: the top bar holds it and shows what is set as chips. Writes the place at once, so
 * that the listing behind it follows.
 */

import { h, icon } from "./dom.js";
import { ORIGIN_NAMES, count, dayText } from "./format.js";
import { placeBelow } from "./menu.js";
import { makeOrder } from "./order.js";
import { START, filterCount } from "./place.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Place} Place */

const TAGS_SHOWN_MAX = 200;
const DAYS = new Map([
  ["Today", 0],
  ["7 days", 6],
  ["30 days", 29],
  ["A year", 364],
]);

export class FilterPanel extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
  }

  connectedCallback() {
    const { store } = this.app;
    this.badge = h("span", { class: "counter", hidden: true });
    this.opener = h(
      "button",
      { type: "button", class: "button", "aria-haspopup": "dialog" },
      icon("filter"),
      h("span", {}, "Filter"),
      this.badge,
    );
    const order = h("section", { class: "narrow-only" }, h("h2", {}, "Order"), makeOrder(this.app));
    const filters = [this.#makeTags(), this.#makeOrigin(), this.#makeDates(), this.#makeClear()];
    const content = [order, ...filters];
    this.panel = h(
      "div",
      { class: "panel", popover: "auto", role: "dialog", "aria-label": "Filters" },
      ...content,
    );
    this.opener.popoverTargetElement = this.panel;
    this.panel.addEventListener("toggle", (/** @type {ToggleEvent} */ event) => {
      if (event.newState !== "open") return;
      this.app.reloadTags();
      placeBelow(this.panel, this.opener);
    });
    this.append(this.opener, this.panel);
    store.watch(["place", "tags"], ({ place, tags }) => this.#draw(place, tags));
  }

  #makeTags() {
    this.tagSearch = h("input", {
      type: "search",
      class: "input",
      placeholder: "Find a tag",
      "aria-label": "Find a tag",
      oninput: () => this.#draw(this.app.store.state.place, this.app.store.state.tags),
    });
    this.tagList = h("div", { class: "choices", role: "group", "aria-label": "Tags" });
    this.tagList.addEventListener("change", () => {
      const boxes = [...this.tagList.querySelectorAll("input:checked")];
      this.app.navigation.go({ tags: boxes.map((box) => box.value) });
    });
    return h("section", {}, h("h2", {}, "Tags"), this.tagSearch, this.tagList);
  }

  #makeOrigin() {
    const options = [["", "Any"], ...ORIGIN_NAMES];
    this.origin = h("select", { class: "select", "aria-label": "Origin" });
    this.origin.append(...options.map(([value, text]) => h("option", { value }, text)));
    this.origin.addEventListener("change", () => {
      this.app.navigation.go({ origin: this.origin.value });
    });
    return h("section", {}, h("h2", {}, "Origin"), this.origin);
  }

  #makeDates() {
    const date = (/** @type {"since" | "until"} */ name, /** @type {string} */ label) =>
      h("input", {
        type: "date",
        class: "input",
        "aria-label": label,
        onchange: (/** @type {any} */ event) => {
          this.app.navigation.go({ [name]: event.target.value });
        },
      });
    this.since = date("since", "From");
    this.until = date("until", "Until");
    const ranges = [...DAYS].map(([text, days]) => {
      const since = () => dayText(new Date(Date.now() - days * 86_400_000));
      const onclick = () => this.app.navigation.go({ since: since(), until: "" });
      return h("button", { type: "button", class: "chip", onclick }, text);
    });
    const span = h("div", { class: "span" }, this.since, h("span", {}, "–"), this.until);
    return h("section", {}, h("h2", {}, "Taken"), span, h("div", { class: "ranges" }, ...ranges));
  }

  #makeClear() {
    const { tags, origin, since, until } = START;
    const onclick = () => {
      this.tagSearch.value = "";
      this.app.navigation.go({ tags, origin, since, until });
    };
    this.clear = h(
      "button",
      { type: "button", class: "button quiet", onclick },
      "Clear all filters",
    );
    return this.clear;
  }

  /**
   * @param {Place} place
   * @param {{tag: string, count: number}[]} tags
   */
  #draw(place, tags) {
    const active = filterCount(place);
    this.badge.textContent = String(active);
    this.badge.hidden = active === 0;
    this.clear.disabled = active === 0;
    this.origin.value = place.origin;
    this.since.value = place.since;
    this.until.value = place.until;
    this.since.max = place.until;
    this.until.min = place.since;
    this.#drawTags(place, tags);
  }

  /**
   * @param {Place} place
   * @param {{tag: string, count: number}[]} tags
   */
  #drawTags(place, tags) {
    const wanted = this.tagSearch.value.trim().toLowerCase();
    const counts = new Map(tags.map((entry) => [entry.tag, entry.count]));
    const names = [...new Set([...place.tags, ...counts.keys()])].filter(
      (tag) => place.tags.includes(tag) || tag.includes(wanted),
    );
    const focused = /** @type {any} */ (document.activeElement)?.value;
    const isInside = this.tagList.contains(document.activeElement);
    const rows = names.slice(0, TAGS_SHOWN_MAX).map((tag) => {
      const box = h("input", { type: "checkbox", value: tag, checked: place.tags.includes(tag) });
      return h(
        "label",
        { class: "choice" },
        box,
        h("span", {}, tag),
        h("small", {}, count(counts.get(tag) ?? 0)),
      );
    });
    const none = h(
      "p",
      { class: "none" },
      tags.length === 0 ? "Nothing is tagged yet." : "No such tag.",
    );
    this.tagList.replaceChildren(...(rows.length > 0 ? rows : [none]));
    if (isInside) this.tagList.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  }
}

customElements.define("filter-panel", FilterPanel);
