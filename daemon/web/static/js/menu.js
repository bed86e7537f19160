/**
 * A menu that opens below its button, with arrow keys and Escape.
 *
 * Neighbours: the side bar and the tool bar. Built on the browser's popovers, which close by
 * themselves when one clicks elsewhere.
 */

import { h, icon } from "./dom.js";

const GAP_PX = 4;
const MARGIN_PX = 8;

/** @typedef {{text: string, icon: string, run: () => void, isDangerous?: boolean}} Choice */

/**
 * Has a button open a menu; the choices are asked for each time.
 *
 * @param {HTMLButtonElement} opener
 * @param {() => (Choice | null | false)[]} choices - null and false are left out.
 */
export function attachMenu(opener, choices) {
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => {
    const present = choices().filter((choice) => choice !== null && choice !== false);
    openMenu(opener, /** @type {Choice[]} */ (present));
  });
}

/**
 * @param {HTMLButtonElement} opener
 * @param {Choice[]} choices
 */
function openMenu(opener, choices) {
  const label = opener.getAttribute("aria-label") ?? opener.textContent;
  const menu = h("div", { class: "menu", role: "menu", popover: "auto", "aria-label": label });
  for (const choice of choices) menu.append(entry(choice, menu));
  menu.addEventListener("toggle", (/** @type {ToggleEvent} */ event) => {
    const isOpen = event.newState === "open";
    opener.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) menu.remove();
  });
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => step(menu, event));
  // Not beside the button: what is around it may be drawn anew meanwhile.
  (opener.closest("[role=navigation], [role=banner]") ?? document.body).append(menu);
  menu.showPopover();
  placeBelow(menu, opener);
  menu.querySelector("button")?.focus();
}

/**
 * @param {Choice} choice
 * @param {HTMLElement} menu
 */
function entry({ text, icon: name, run, isDangerous }, menu) {
  const onclick = () => {
    menu.hidePopover();
    run();
  };
  const kind = isDangerous ? "menu-entry danger" : "menu-entry";
  const attributes = { type: "button", class: kind, role: "menuitem", tabindex: "-1", onclick };
  return h("button", attributes, icon(name), h("span", {}, text));
}

/**
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 */
function step(menu, event) {
  const entries = [...menu.querySelectorAll("button")];
  const index = entries.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const last = entries.length - 1;
  const targets = new Map([
    ["ArrowDown", index === last ? 0 : index + 1],
    ["ArrowUp", index <= 0 ? last : index - 1],
    ["Home", 0],
    ["End", last],
  ]);
  const target = targets.get(event.key);
  if (event.key === "Tab") menu.hidePopover();
  if (target === undefined) return;
  event.preventDefault();
  entries[target]?.focus();
}

/**
 * Puts a popover below its button, and inside the window.
 *
 * @param {HTMLElement} popover
 * @param {HTMLElement} opener
 */
export function placeBelow(popover, opener) {
  const from = opener.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const left = Math.min(Math.max(from.right - width, MARGIN_PX), innerWidth - width - MARGIN_PX);
  const below = from.bottom + GAP_PX;
  const fits = below + height + MARGIN_PX <= innerHeight;
  const top = fits ? below : Math.max(MARGIN_PX, from.top - height - GAP_PX);
  popover.style.left = `${Math.round(left)}px`;
  popover.style.top = `${Math.round(top)}px`;
}
