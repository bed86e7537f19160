/**
 * Makes DOM nodes without markup strings: what strangers called their files is only ever text.
 *
 * Neighbours: every element of the page. Must never set a style attribute or inner HTML: the
 * content security policy forbids the first, and the second would trust a file's name.
 */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "indeterminate", "muted"]);
const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with attributes, listeners (`onclick` and so on), properties and children.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes] - null, undefined and false leave an attribute out.
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any} - The element; `any`, so that callers need no casts for their own tag.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) Reflect.set(element, name, value);
    else setAttribute(element, name, value);
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter(isPresent)));
  return element;
}

/** @param {unknown} child */
function isPresent(child) {
  return child !== null && child !== undefined && child !== false;
}

/**
 * Sets an attribute, or takes it away when there is no value.
 *
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * An icon of the sprite, hidden from screen readers: what it stands next to has a name.
 *
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  picture.append(use);
  return picture;
}

/**
 * Another picture in the same icon.
 *
 * @param {Element | null} picture
 * @param {string} name
 */
export function setIcon(picture, name) {
  picture?.querySelector("use")?.setAttribute("href", `/static/icons.svg#${name}`);
}

/**
 * A button with an icon only; `label` is its name and its tooltip.
 *
 * @param {string} name
 * @param {string} label
 * @param {Record<string, any>} [attributes]
 * @returns {HTMLButtonElement}
 */
export function iconButton(name, label, attributes = {}) {
  const all = { type: "button", class: "icon-button", "aria-label": label, title: label };
  return h("button", { ...all, ...attributes }, icon(name));
}

/**
 * A button with a text, and an icon in front when one is named.
 *
 * @param {string} text
 * @param {Record<string, any> & {icon?: string}} [attributes]
 * @returns {HTMLButtonElement}
 */
export function button(text, { icon: name, ...attributes } = {}) {
  const all = { type: "button", class: "button", ...attributes };
  return h("button", all, name ? icon(name) : null, h("span", {}, text));
}

/**
 * Waits for a pause: the function runs once nothing was asked for `delay_ms`.
 *
 * @param {(...values: any[]) => void} run
 * @param {number} delay_ms
 */
export function debounce(run, delay_ms) {
  let timer = 0;
  return (/** @type {any[]} */ ...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), delay_ms);
  };
}
