/**
 * One file in the listing: a card of the grid or a row of the list, used again for other files.
 *
 * Neighbours: the media view makes some dozens of them and binds them while one scrolls. Must never
 * hold anything that can be focused besides itself: it is an option of a listbox.
 */

import { h, icon, setAttribute, setIcon } from "./dom.js";
import { bytes, day, dimensions, duration, kindOf } from "./format.js";
import { keyOf } from "./place.js";
import { fetchPicture, keptPicture } from "./thumbnails.js";

/** @typedef {import("./types.js").Item} Item */

const TAGS_SHOWN_MAX = 3;

/**
 * @typedef {object} Card
 * @property {HTMLElement} element
 * @property {number} index
 * @property {Item | null} item
 * @property {Record<string, any>} parts
 * @property {AbortController | null} loading - Of its picture, whether it came or not.
 */

/**
 * @param {"grid" | "list"} view
 * @returns {Card}
 */
export function makeCard(view) {
  const picture = h("img", { alt: "", decoding: "async", draggable: "false" });
  const thumbnail = h(
    "span",
    { class: "thumbnail" },
    icon("file"),
    picture,
    h("span", { class: "length" }),
    h("span", { class: "look", "data-part": "look", title: "Preview" }, icon("expand")),
  );
  const check = h("span", { class: "check", "data-part": "check" }, icon("check"));
  const texts = view === "grid" ? gridTexts() : listTexts();
  const element = h("div", { class: `card ${view}-card`, role: "option", tabindex: "-1" });
  element.append(thumbnail, ...texts, check);
  picture.addEventListener("load", () => thumbnail.classList.add("has-picture"));
  picture.addEventListener("error", () => thumbnail.classList.remove("has-picture"));
  const part = (/** @type {string} */ name) => element.querySelector(`.${name}`);
  const names = ["name", "facts", "tags", "size", "moment", "project", "length", "extent"];
  const parts = Object.fromEntries(names.map((name) => [name, part(name)]));
  Object.assign(parts, { picture, thumbnail, kind: thumbnail.querySelector("svg") });
  return { element, index: -1, item: null, parts, loading: null };
}

function gridTexts() {
  const lines = h(
    "span",
    { class: "facts-line" },
    h("span", { class: "facts" }),
    h("span", { class: "tags" }),
  );
  return [h("span", { class: "caption" }, h("span", { class: "name" }), lines)];
}

function listTexts() {
  const main = h(
    "span",
    { class: "caption" },
    h("span", { class: "name" }),
    h("span", { class: "facts" }),
  );
  const column = (/** @type {string} */ name) => h("span", { class: `column ${name}` });
  return [
    main,
    column("tags"),
    column("project"),
    column("extent"),
    column("size"),
    column("moment"),
  ];
}

/**
 * Shows a file in a card.
 *
 * @param {Card} card
 * @param {Item} item
 * @param {number} index
 */
export function bindCard(card, item, index) {
  const { parts } = card;
  if (card.item === null || mayLookDifferent(card, card.item, item)) dropPicture(card);
  Object.assign(card, { item, index });
  const kind = kindOf(item.kind);
  const texts = textsOf(item);
  for (const [name, text] of Object.entries(texts)) {
    if (parts[name]) parts[name].textContent = text;
  }
  parts.length.hidden = texts.length === "";
  setIcon(parts.kind, kind.icon);
  showTags(parts.tags, "tags" in item ? item.tags : []);
  const said = [item.name, kind.one, texts.length, texts.size, texts.moment].filter(Boolean);
  setAttribute(card.element, "aria-label", said.join(", "));
  card.element.dataset.key = keyOf(item);
}

/**
 * Whether its picture may be another one now; where there was none, any change may have brought it.
 *
 * @param {Card} card
 * @param {any} before
 * @param {any} item
 */
function mayLookDifferent({ parts }, before, item) {
  if (keyOf(before) !== keyOf(item) || before.thumb_url !== item.thumb_url) return true;
  return !parts.picture.hasAttribute("src") && before.seq !== item.seq;
}

/** @param {Item} item */
function textsOf(item) {
  const isTrashed = "deleted_at" in item;
  const moment = isTrashed ? item.deleted_at : (item.created_at ?? item.added_at);
  const length = isTrashed ? "" : duration(item.duration_s);
  const extent = isTrashed ? "" : dimensions(item);
  const size = bytes(item.size);
  const facts = isTrashed
    ? `${item.project} · ${size}`
    : [day(moment), size].filter(Boolean).join(" · ");
  const texts = { name: item.name, length, extent, size, moment: day(moment), facts };
  return { ...texts, project: item.project };
}

/**
 * @param {HTMLElement} place
 * @param {string[]} tags
 */
function showTags(place, tags) {
  if (!place) return;
  const shown = tags.slice(0, TAGS_SHOWN_MAX).map((tag) => h("span", { class: "tag" }, tag));
  const more = tags.length - shown.length;
  place.replaceChildren(...shown, ...(more > 0 ? [h("span", { class: "tag" }, `+${more}`)] : []));
}

/**
 * Lets go of a picture that nobody looks at any more, loaded or on its way.
 *
 * @param {Card} card
 */
export function dropPicture(card) {
  const { picture, thumbnail } = card.parts;
  card.loading?.abort();
  card.loading = null;
  thumbnail.classList.remove("has-picture");
  picture.removeAttribute("src");
}

/**
 * Shows the picture of the card's file, fetching it if it is not here; once for each file.
 *
 * @param {Card} card
 */
export async function loadPicture(card) {
  const address = card.item?.thumb_url;
  const { picture } = card.parts;
  if (!address || card.loading || picture.hasAttribute("src")) return;
  const loading = new AbortController();
  card.loading = loading;
  try {
    const url = keptPicture(address) ?? (await fetchPicture(address, loading.signal));
    if (url && card.loading === loading) picture.src = url;
  } catch {
    // Out of sight, or out of reach: the icon of its kind stays.
  }
}
