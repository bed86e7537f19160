/**
 * The listing on the screen: a grid or a list of which only what is in sight is in the page.
 *
 * Neighbours: library.js has the rows, layout.js says where each lies, media-card.js draws one,
 * media-input.js turns pointer and keys into focus and selection. Must never hold more elements
 * than fit on the screen, with a few rows more.
 */

import { h } from "./dom.js";
import { month } from "./format.js";
import { makeListHead } from "./list-head.js";
import { canvasHeight, gridLayout, indexesInSight, listLayout, positionOf } from "./layout.js";
import { bindCard, dropPicture, loadPicture, makeCard } from "./media-card.js";
import { listenTo } from "./media-input.js";
import { keyOf } from "./place.js";

/** @typedef {import("./media-card.js").Card} Card */
/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Item} Item */

const ROWS_MORE = 2;

/** Pictures are loaded when nothing was scrolled for so long. */
const REST_MS = 90;

/** Faster than this many pixels a frame, pictures wait until one has arrived. */
const FAST_PX = 900;

export class MediaView extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
    this.canvas = h("div", {
      class: "canvas",
      role: "listbox",
      "aria-label": "Files",
      "aria-multiselectable": "true",
    });
    this.scroller = h("div", { class: "scroller", tabindex: "-1" }, this.canvas);
    this.label = h("div", { class: "scroll-label", "aria-hidden": "true", hidden: true });
    /** @type {Map<number, Card>} */
    this.cards = new Map();
    /** @type {Card[]} */
    this.spare = [];
    /** The index that has, or would get, the focus. */
    this.active = 0;
    this.activeKey = "";
    /** A row to focus once it is loaded, or -1. */
    this.awaited = -1;
    /** A row to scroll to once there are rows, or 0. */
    this.wantedIndex = app.navigation.index;
    this.layout = gridLayout(0);
    this.view = app.store.state.view;
    this.timer = 0;
    this.frame = 0;
    this.lastTop = 0;
  }

  connectedCallback() {
    const { app } = this;
    this.append(makeListHead(app), this.scroller, this.label);
    listenTo(this);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(this.scroller);
    app.library.addEventListener("reset", () => this.#reset());
    app.library.addEventListener("items", () => this.#itemsChanged());
    app.selection.addEventListener("change", () => this.#markAll());
    app.store.watch(["view"], ({ view }) => this.#setView(view));
    app.store.watch(["place"], ({ place }) => {
      this.dataset.area = place.area;
    });
  }

  /** @param {"grid" | "list"} view */
  #setView(view) {
    this.view = view;
    this.dataset.view = view;
    for (const card of [...this.cards.values(), ...this.spare]) card.element.remove();
    this.cards.clear();
    this.spare = [];
    this.#measure();
  }

  #measure() {
    const width = this.scroller.clientWidth;
    if (width === 0) return;
    const anchor = this.#anchor();
    this.layout = this.view === "grid" ? gridLayout(width) : listLayout(width);
    const { width: cell, height, left, top, pitchX, pitchY } = this.layout;
    const lengths = { cell, height, left, top, "pitch-x": pitchX, "pitch-y": pitchY };
    for (const [name, length] of Object.entries(lengths)) {
      this.canvas.style.setProperty(`--${name}`, `${length}px`);
    }
    this.#settleAt(anchor);
  }

  #reset() {
    this.active = 0;
    this.activeKey = "";
    this.awaited = -1;
    this.wantedIndex = this.app.navigation.index;
    this.scroller.scrollTop = 0;
    this.lastTop = 0;
    this.render();
  }

  #itemsChanged() {
    const { library, selection } = this.app;
    const anchor = this.#anchor();
    selection.renew(library.items);
    const moved = this.activeKey ? library.indexOf(this.activeKey) : -1;
    if (moved >= 0) this.active = moved;
    this.#settleAt(anchor);
    this.#restore();
    if (this.awaited >= 0 && library.items[this.awaited]) this.focusIndex(this.awaited);
  }

  /** The first row in sight, to be held in its place while rows come and go above it. */
  #anchor() {
    const top = this.scroller.scrollTop;
    if (top < this.layout.pitchY / 2) return null;
    const { first } = this.#inSight(0);
    for (let index = first; index <= first + this.layout.columns; index += 1) {
      const card = this.cards.get(index);
      if (card?.item) {
        const offset = top - positionOf(this.layout, index).y;
        return { key: keyOf(card.item), index, offset };
      }
    }
    return { key: "", index: first, offset: 0 };
  }

  /** @param {{key: string, index: number, offset: number} | null} anchor */
  #settleAt(anchor) {
    const { library } = this.app;
    this.canvas.style.height = `${canvasHeight(this.layout, library.count)}px`;
    if (anchor !== null) {
      const found = anchor.key ? library.indexOf(anchor.key) : -1;
      const index = found < 0 ? anchor.index : found;
      this.scroller.scrollTop = positionOf(this.layout, index).y + anchor.offset;
    }
    this.render();
  }

  /** Goes back to where this entry of the history was left, once there are rows to scroll. */
  #restore() {
    if (this.wantedIndex <= 0 || this.app.library.count === 0) return;
    const index = Math.min(this.wantedIndex, this.app.library.count - 1);
    this.wantedIndex = 0;
    this.scroller.scrollTop = positionOf(this.layout, index).y - this.layout.top;
  }

  #scrolled() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  /** @param {number} rowsMore */
  #inSight(rowsMore) {
    const { scrollTop: top, clientHeight: height } = this.scroller;
    return indexesInSight(this.layout, { top, height, count: this.app.library.count, rowsMore });
  }

  /** Brings the page in line with the rows, the scroll position and the selection. */
  render() {
    const { library } = this.app;
    this.canvas.style.height = `${canvasHeight(this.layout, library.count)}px`;
    this.canvas.hidden = library.count === 0;
    this.active = Math.min(this.active, Math.max(library.count - 1, 0));
    const { first, last } = this.#inSight(ROWS_MORE);
    const held = this.#heldIndex();
    for (const [index, card] of this.cards) {
      if ((index < first || index > last) && index !== held) this.#release(index, card);
    }
    for (let index = first; index <= last; index += 1) this.#show(index);
    if (held >= 0) this.#show(held);
    this.#order();
    this.canvas.classList.toggle("is-loading", last >= library.items.length);
    if (library.count > 0) library.look(first, Math.max(last, 0));
    this.#rest();
  }

  /** The focused card stays in the page wherever one scrolls, or the focus would be lost. */
  #heldIndex() {
    const isFocused = this.canvas.contains(document.activeElement);
    return isFocused && this.active < this.app.library.count ? this.active : -1;
  }

  /**
   * @param {number} index
   * @param {Card} card
   */
  #release(index, card) {
    this.cards.delete(index);
    card.element.hidden = true;
    card.item = null;
    dropPicture(card);
    this.spare.push(card);
  }

  /** @param {number} index */
  #show(index) {
    const item = this.app.library.items[index];
    let card = this.cards.get(index);
    if (!item) {
      if (card) this.#release(index, card);
      return;
    }
    if (!card) {
      card = this.spare.pop() ?? this.#make();
      card.element.hidden = false;
      this.cards.set(index, card);
    }
    if (card.item !== item || card.index !== index) bindCard(card, item, index);
    const { x, y } = positionOf(this.layout, index);
    card.element.style.transform = `translate(${x}px, ${y}px)`;
    this.#mark(card);
  }

  #make() {
    const card = makeCard(this.view);
    this.canvas.append(card.element);
    return card;
  }

  #markAll() {
    this.classList.toggle("is-selecting", this.app.selection.size > 0);
    for (const card of this.cards.values()) this.#mark(card);
  }

  /** @param {Card} card */
  #mark(card) {
    const { element, index, item } = card;
    const isSelected = item !== null && this.app.selection.has(item);
    element.setAttribute("aria-selected", String(isSelected));
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(this.app.library.total ?? -1));
    element.tabIndex = index === this.active ? 0 : -1;
  }

  /** Elements in the order of the rows, for those who read the page without seeing it. */
  #order() {
    const focused = document.activeElement;
    /** @type {Element | null} */
    let next = null;
    for (const index of [...this.cards.keys()].sort((one, other) => other - one)) {
      const element = /** @type {Card} */ (this.cards.get(index)).element;
      if (element.nextElementSibling !== next) this.canvas.insertBefore(element, next);
      next = element;
    }
    const wasFocused = focused instanceof HTMLElement && this.canvas.contains(focused);
    if (wasFocused && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  /** What waits until the scrolling pauses: pictures, the history's note of where we are. */
  #rest() {
    const top = this.scroller.scrollTop;
    const isFast = Math.abs(top - this.lastTop) > FAST_PX;
    if (top !== this.lastTop) this.#tellMonth();
    this.lastTop = top;
    if (!isFast) this.#loadPictures();
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.#loadPictures();
        this.label.hidden = true;
        if (this.wantedIndex === 0) this.app.navigation.rememberScroll(this.#firstInSight());
      },
      isFast ? REST_MS : 2 * REST_MS,
    );
  }

  #firstInSight() {
    return this.scroller.scrollTop < this.layout.pitchY / 2 ? 0 : this.#inSight(0).first;
  }

  #loadPictures() {
    for (const card of this.cards.values()) loadPicture(card);
  }

  /** While one scrolls through what is in order of time: the month one is in. */
  #tellMonth() {
    const { sort, area } = this.app.store.state.place;
    const item = this.app.library.items[this.#inSight(0).first];
    const text =
      item && "created_at" in item && area === "library" ? month(momentOf(item, sort)) : "";
    this.label.textContent = text;
    this.label.hidden = text === "";
  }

  /**
   * Moves the row into sight and the focus to it, as soon as it is loaded.
   *
   * @param {number} index
   */
  focusIndex(index) {
    const item = this.app.library.items[index];
    this.awaited = item ? -1 : index;
    this.reveal(index);
    if (!item) {
      this.render();
      return;
    }
    this.activate(index);
    this.render();
    this.cards.get(index)?.element.focus({ preventScroll: true });
  }

  /**
   * Makes a row the one that Tab leads to, and that keys are about.
   *
   * @param {number} index - Of a row that is loaded.
   */
  activate(index) {
    const before = this.cards.get(this.active);
    this.active = index;
    this.activeKey = keyOf(/** @type {Item} */ (this.app.library.items[index]));
    const now = this.cards.get(index);
    if (before) this.#mark(before);
    if (now) this.#mark(now);
  }

  /**
   * Moves the focus to a file, if it is listed.
   *
   * @param {string} key
   */
  focusKey(key) {
    const index = this.app.library.indexOf(key);
    if (index >= 0) this.focusIndex(index);
  }

  /** @param {number} index */
  reveal(index) {
    const { y } = positionOf(this.layout, index);
    const { scrollTop, clientHeight } = this.scroller;
    const { height, top } = this.layout;
    if (y - top < scrollTop) this.scroller.scrollTop = y - top;
    else if (y + height + top > scrollTop + clientHeight) {
      this.scroller.scrollTop = y + height + top - clientHeight;
    }
  }

  /** How many rows a page of the keyboard is. */
  get rowsPerPage() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / this.layout.pitchY) - 1);
  }
}

/**
 * @param {import("./types.js").LibraryItem} item
 * @param {string} sort
 */
function momentOf(item, sort) {
  if (sort === "created") return item.created_at;
  return sort === "added" ? item.added_at : null;
}

customElements.define("media-view", MediaView);
