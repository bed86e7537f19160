/**
 * What pointer, finger and keys do in the listing: focus, selection, preview.
 *
 * A click selects, with Ctrl or Cmd one more, with Shift a range; a double click previews and
 * leaves the selection as it was. A tap previews, a long press begins a selection. Neighbours: the
 * media view, the selection, the navigation. Must never change the selection for a preview.
 */

import { indexAfter } from "./layout.js";
import { keyOf } from "./place.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./media-view.js").MediaView} MediaView */

const LONG_PRESS_MS = 450;

/** A finger that moves further than this scrolls. */
const STEADY_PX = 10;

/**
 * @param {MediaView} view
 */
export function listenTo(view) {
  const pointer = new Pointer(view);
  /** @type {{canvas: HTMLElement, scroller: HTMLElement}} */
  const { canvas, scroller } = view;
  canvas.addEventListener("click", (event) => pointer.click(event));
  canvas.addEventListener("dblclick", (event) => pointer.doubleClick(event));
  canvas.addEventListener("pointerdown", (event) => pointer.down(event));
  canvas.addEventListener("pointermove", (event) => pointer.move(event));
  canvas.addEventListener("dragstart", (event) => pointer.drag(event));
  canvas.addEventListener("contextmenu", (event) => pointer.isTouch && event.preventDefault());
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    canvas.addEventListener(name, () => pointer.up());
  }
  scroller.addEventListener("click", (event) => {
    const isBeside = event.target === scroller || event.target === canvas;
    if (isBeside) view.app.selection.clear();
  });
  canvas.addEventListener("focusin", (event) => pointer.focus(event));
  canvas.addEventListener("keydown", (event) => pressed(view, event));
}

class Pointer {
  /** @param {MediaView} view */
  constructor(view) {
    this.view = view;
    this.isTouch = false;
    this.timer = 0;
    this.wasLong = false;
    this.start = { x: 0, y: 0 };
    /** @type {{items: Item[], anchor: string}} */
    this.before = { items: [], anchor: "" };
  }

  /** @param {FocusEvent} event */
  focus(event) {
    const card = this.#cardAt(event);
    if (card) this.view.activate(card.index);
  }

  /** @param {MouseEvent} event */
  click(event) {
    const card = this.#cardAt(event);
    if (!card || this.wasLong) return;
    const { selection } = this.view.app;
    const part = this.#partAt(event);
    if (event.detail <= 1) this.before = { items: selection.items, anchor: selection.anchor };
    this.view.focusIndex(card.index);
    if (part === "look") preview(this.view, card.item);
    else if (part === "check") selection.toggle(card.item);
    else if (this.isTouch) this.#tap(card.item);
    else if (event.shiftKey) selectRange(this.view, card.index, { isAdding: isExtra(event) });
    else if (isExtra(event)) selection.toggle(card.item);
    else selection.only(card.item);
  }

  /** @param {Item} item */
  #tap(item) {
    const { selection } = this.view.app;
    if (selection.size > 0) selection.toggle(item);
    else preview(this.view, item);
  }

  /** @param {MouseEvent} event */
  doubleClick(event) {
    const card = this.#cardAt(event);
    if (!card || this.isTouch || this.#partAt(event)) return;
    const { selection } = this.view.app;
    selection.set(this.before.items);
    selection.anchor = this.before.anchor;
    preview(this.view, card.item);
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.isTouch = event.pointerType !== "mouse";
    this.wasLong = false;
    this.start = { x: event.clientX, y: event.clientY };
    const card = this.#cardAt(event);
    if (!card) return;
    card.element.draggable = !this.isTouch && this.view.app.store.state.place.area === "library";
    if (this.isTouch) this.timer = setTimeout(() => this.#longPress(card.item), LONG_PRESS_MS);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const distance = Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y);
    if (distance > STEADY_PX) this.up();
  }

  up() {
    clearTimeout(this.timer);
  }

  /** @param {Item} item */
  #longPress(item) {
    this.wasLong = true;
    navigator.vibrate?.(10);
    this.view.app.selection.toggle(item);
  }

  /** @param {DragEvent} event */
  drag(event) {
    const card = this.#cardAt(event);
    const { selection } = this.view.app;
    if (!card || !event.dataTransfer) return;
    if (!selection.has(card.item)) selection.only(card.item);
    event.dataTransfer.setData("application/x-playhead-files", String(selection.size));
    event.dataTransfer.effectAllowed = "move";
  }

  /**
   * @param {Event} event
   * @returns {{element: HTMLElement, index: number, item: Item} | null}
   */
  #cardAt(event) {
    const element = /** @type {Element} */ (event.target).closest(".card");
    for (const card of this.view.cards.values()) {
      const { item, index } = card;
      if (card.element === element && item) return { element: card.element, index, item };
    }
    return null;
  }

  /** @param {Event} event */
  #partAt(event) {
    const part = /** @type {Element} */ (event.target).closest("[data-part]");
    return part instanceof HTMLElement ? part.dataset.part : undefined;
  }
}

/** @param {MouseEvent | KeyboardEvent} event */
function isExtra(event) {
  return event.ctrlKey || event.metaKey;
}

/**
 * Opens a file in the preview; what is selected stays selected, and nothing else is.
 *
 * @param {MediaView} view
 * @param {Item} item
 */
function preview(view, item) {
  if (view.app.store.state.place.area === "library") view.app.navigation.preview(keyOf(item));
}

/**
 * Selects from where the last single selection was made.
 *
 * @param {MediaView} view
 * @param {number} index
 * @param {{isAdding: boolean}} how
 */
function selectRange(view, index, { isAdding }) {
  const { library, selection } = view.app;
  const found = library.indexOf(selection.anchor);
  const start = found < 0 ? index : found;
  const items = library.items.slice(Math.min(start, index), Math.max(start, index) + 1);
  if (found < 0) selection.anchor = items[0] ? keyOf(items[0]) : "";
  if (isAdding) selection.add(items);
  else selection.set(items);
}

/**
 * @param {MediaView} view
 * @param {KeyboardEvent} event
 */
function pressed(view, event) {
  const { app, active, layout, rowsPerPage } = view;
  const item = app.library.items[active];
  if (event.altKey || !item) return;
  const next = indexAfter(layout, {
    key: event.key,
    index: active,
    count: app.library.count,
    rowsPerPage,
  });
  if (next !== null) moveTo(view, next, event);
  else if (event.key === "Enter") preview(view, item);
  else if (event.key === " " && event.shiftKey) selectRange(view, active, { isAdding: true });
  else if (event.key === " ") app.selection.toggle(item);
  else return;
  event.preventDefault();
}

/**
 * @param {MediaView} view
 * @param {number} next
 * @param {KeyboardEvent} event
 */
function moveTo(view, next, event) {
  const { library, selection } = view.app;
  const start = library.items[view.active];
  if (event.shiftKey && start && library.indexOf(selection.anchor) < 0) {
    selection.anchor = keyOf(start);
  }
  view.focusIndex(next);
  if (event.shiftKey) selectRange(view, next, { isAdding: false });
}
