/**
 * Which view, which moment, which keys: the slider over the whole log and the fields beside it.
 *
 * Neighbours: past-area.js follows the address, which these write. While the slider is moved only
 * its text follows; the daemon is asked once it rests.
 */

import { button, debounce, h } from "../dom.js";
import { isoOf, localOf, momentText, msOf } from "./words.js";

/** @typedef {import("../types.js").App} App */

const REST_MS = 250;

/** What the arrow keys and the buttons move by. */
const STEPS = /** @type {const} */ ([
  ["1 day back", -86_400_000],
  ["1 hour back", -3_600_000],
  ["1 hour on", 3_600_000],
  ["1 day on", 86_400_000],
]);

const SLIDER_STEPS = 1000;

export class PastControls extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
    this.span = { first: 0, last: 0 };
    const { words } = app.store.state.place;
    this.views = h("select", { class: "select", "aria-label": "View" });
    this.about = h("p", { class: "view-about" });
    this.search = h("input", {
      class: "input",
      type: "search",
      placeholder: "Search in keys",
      "aria-label": "Search in keys",
      autocomplete: "off",
      value: words.q ?? "",
    });
    this.slider = h("input", {
      class: "slider",
      type: "range",
      min: 0,
      max: SLIDER_STEPS,
      step: 1,
    });
    this.slider.setAttribute("aria-label", "Moment");
    this.field = h("input", {
      class: "input",
      type: "datetime-local",
      step: 1,
      "aria-label": "Moment",
    });
    this.ends = h("div", { class: "graph-ends" });
  }

  connectedCallback() {
    if (this.children.length > 0) return;
    const write = debounce(
      (/** @type {Record<string, string>} */ words) => this.#write(words),
      REST_MS,
    );
    this.views.addEventListener("change", () => this.#write({ view: this.views.value }));
    this.search.addEventListener("input", () => write({ q: this.search.value.trim() }));
    this.slider.addEventListener("input", () => {
      const moment_ms = this.#sliderMoment();
      this.#say(moment_ms);
      write({ at: this.#wordOf(moment_ms) });
    });
    this.field.addEventListener("change", () => this.#write({ at: isoOf(this.field.value) ?? "" }));
    const steps = STEPS.map(([text, step_ms]) =>
      button(text, { class: "button small", onclick: () => this.#step(step_ms) }),
    );
    const now = button("Now", { class: "button small", onclick: () => this.#write({ at: "" }) });
    this.append(
      h("div", { class: "area-bar" }, this.views, this.search),
      this.about,
      h("div", { class: "slider-box" }, this.slider, this.ends),
      h("div", { class: "area-bar moments" }, this.field, ...steps, now),
    );
  }

  /** @param {Record<string, string>} words */
  #write(words) {
    const { place } = this.app.store.state;
    this.app.navigation.replace({ words: { ...place.words, ...words } });
  }

  /**
   * What there is to choose from.
   *
   * @param {{views: {name: string, about: string}[], first: string | null,
   *   last: string | null}} all
   * @param {string} view
   */
  show({ views, first, last }, view) {
    const names = [...views].sort((one, other) => one.name.localeCompare(other.name));
    const options = names.map(({ name }) =>
      h("option", { value: name }, name.replaceAll("_", " ")),
    );
    this.views.replaceChildren(...options);
    this.views.value = view;
    this.abouts = new Map(views.map(({ name, about }) => [name, about.replace(/\. .*$/, ".")]));
    this.span = { first: msOf(first) || Date.now(), last: msOf(last) || Date.now() };
    this.#drawEnds();
  }

  /**
   * The log goes on until there.
   *
   * @param {string} recorded
   */
  reach(recorded) {
    const last = msOf(recorded);
    if (!(last > this.span.last)) return;
    this.span = { ...this.span, last };
    this.#drawEnds();
    if (this.#at() && this.told) this.tell(this.told);
  }

  /**
   * Shows the moment that is looked at.
   *
   * @param {string | null} at - When the last event before it was recorded.
   */
  tell(at) {
    this.told = at;
    this.about.textContent = this.abouts?.get(this.views.value) ?? "";
    const word = this.#at();
    const isSeq = /^\d+$/.test(word);
    const moment_ms = word === "" ? this.span.last : msOf(isSeq ? at : word);
    if (Number.isNaN(moment_ms)) return;
    const { first, last } = this.span;
    const part = last > first ? (moment_ms - first) / (last - first) : 1;
    if (document.activeElement !== this.slider || word === "") {
      this.slider.value = String(Math.round(part * SLIDER_STEPS));
    }
    this.#say(moment_ms);
  }

  #at() {
    return this.app.store.state.place.words.at ?? "";
  }

  /** @param {number} moment_ms */
  #say(moment_ms) {
    const isNow = this.#wordOf(moment_ms) === "";
    const text = isNow ? "now" : momentText(new Date(moment_ms).toISOString());
    this.slider.setAttribute("aria-valuetext", text);
    this.field.value = localOf(moment_ms);
  }

  #sliderMoment() {
    const { first, last } = this.span;
    return first + ((last - first) * Number(this.slider.value)) / SLIDER_STEPS;
  }

  /** @param {number} moment_ms - At the end of the log it is now. */
  #wordOf(moment_ms) {
    return moment_ms >= this.span.last ? "" : new Date(moment_ms).toISOString();
  }

  /** @param {number} step_ms */
  #step(step_ms) {
    const from_ms = isoOf(this.field.value) ? msOf(isoOf(this.field.value)) : this.span.last;
    const to_ms = Math.max(this.span.first, from_ms + step_ms);
    this.#write({ at: this.#wordOf(to_ms) });
  }

  #drawEnds() {
    const { first, last } = this.span;
    const text = (/** @type {number} */ moment_ms) => momentText(new Date(moment_ms).toISOString());
    this.ends.replaceChildren(h("span", {}, text(first)), h("span", {}, text(last)));
  }
}

customElements.define("past-controls", PastControls);
