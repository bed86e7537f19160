/**
 * A list whose rows are drawn anew only when they changed: somebody may be about to click on one.
 *
 * Neighbours: the areas of the dashboard. Where a row that has the focus changes, the same button
 * of the new row gets it.
 */

/** @template T */
export class Rows {
  /**
   * @param {HTMLElement} list
   * @param {(item: T) => HTMLElement} make
   */
  constructor(list, make) {
    this.list = list;
    this.make = make;
    /** @type {Map<string, {text: string, element: HTMLElement}>} */
    this.known = new Map();
  }

  /**
   * Shows these, in this order.
   *
   * @param {T[]} items
   * @param {(item: T) => string | number} keyOf
   */
  show(items, keyOf) {
    const before = this.known;
    this.known = new Map();
    const elements = items.map((item) => {
      const key = String(keyOf(item));
      const text = JSON.stringify(item);
      const old = before.get(key);
      const element = old?.text === text ? old.element : this.make(item);
      if (old && old.element !== element) replace(old.element, element);
      this.known.set(key, { text, element });
      return element;
    });
    for (const [key, { element }] of before) if (!this.known.has(key)) element.remove();
    elements.forEach((element, index) => {
      const there = this.list.children[index];
      if (there !== element) this.list.insertBefore(element, there ?? null);
    });
  }
}

/**
 * @param {HTMLElement} old
 * @param {HTMLElement} element
 */
function replace(old, element) {
  const openBefore = old.querySelector("details")?.open ?? false;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const name = focused ? nameOf(focused) : "";
  old.replaceWith(element);
  const details = element.querySelector("details");
  if (details && openBefore) details.open = true;
  if (!focused) return;
  const controls = /** @type {HTMLElement[]} */ ([
    ...element.querySelectorAll("a, button, summary"),
  ]);
  controls.find((control) => nameOf(control) === name)?.focus({ preventScroll: true });
}

/** @param {Element} control */
function nameOf(control) {
  return control.getAttribute("aria-label") ?? control.textContent ?? "";
}
