/**
 * What is known about a file, each thing once; and its tags, which can be changed here.
 *
 * Neighbours: the preview holds it, actions.js changes tags. An unknown fact has no row.
 */

import { h, iconButton } from "./dom.js";
import { copyText } from "./actions.js";
import { bytes, dimensions, duration, frameRate, kindOf, moment, originName } from "./format.js";
import { keyOf } from "./place.js";
import { tagField } from "./tag-field.js";
import { tell } from "./toasts.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").LibraryItem} LibraryItem */

const HASH_SHOWN = 16;

export class FileFacts extends HTMLElement {
  /**
   * @param {App} app
   * @param {import("./marker-list.js").MarkerList} markers
   */
  constructor(app, markers) {
    super();
    this.app = app;
    this.markers = markers;
    this.markerPlace = h("div", { class: "marker-place" }, h("h3", {}, "Markers"), markers);
    /** @type {LibraryItem | null} */
    this.item = null;
  }

  connectedCallback() {
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Facts");
    this.tagPlace = h("div", {});
    this.list = h("dl", {});
    const tags = [h("h3", {}, "Tags"), this.tagPlace];
    this.append(...tags, this.markerPlace, h("h3", {}, "Facts"), this.list);
    this.app.store.watch(["tags"], () => this.#makeTagField());
  }

  #makeTagField() {
    if (this.tagPlace.contains(document.activeElement)) return;
    this.tags = tagField({
      label: "Add a tag",
      tags: this.item?.tags ?? [],
      known: this.app.store.state.tags.map(({ tag }) => tag),
      onAdd: (tag) => this.#change({ add: [tag], remove: [] }),
      onRemove: (tag) => this.#change({ add: [], remove: [tag] }),
    });
    this.tagPlace.replaceChildren(this.tags.element);
  }

  /** @param {{add: string[], remove: string[]}} change */
  #change(change) {
    if (this.item) this.app.actions.changeTags([this.item], change);
  }

  /** @param {LibraryItem} item */
  show(item) {
    const isOther = this.item === null || keyOf(this.item) !== keyOf(item);
    this.item = item;
    if (isOther) this.#makeTagField();
    this.tags?.set(item.tags);
    const isPlayed = item.kind === "video" || item.kind === "audio";
    this.markerPlace.hidden = !isPlayed || !this.app.store.state.mayMark;
    this.markers.show(item);
    this.list.replaceChildren(...factsOf(item).flatMap(([name, value]) => this.#row(name, value)));
  }

  /**
   * @param {string} name
   * @param {string | Node} value
   */
  #row(name, value) {
    return [h("dt", {}, name), h("dd", {}, value)];
  }
}

/**
 * @param {LibraryItem} item
 * @returns {[string, string | Node][]}
 */
function factsOf(item) {
  /** @type {[string, string | Node][]} */
  const facts = [
    ["Kind", kindOf(item.kind).one],
    ["Duration", duration(item.duration_s)],
    ["Dimensions", dimensions(item)],
    ["Frame rate", frameRate(item.fps)],
    ["Codec", [item.video_codec, item.audio_codec].filter(Boolean).join(" + ")],
    ["Size", bytes(item.size)],
    ["Taken", moment(item.created_at)],
    ["Added", moment(item.added_at)],
    ["Origin", originName(item.origin)],
    ["Source", item.source],
    ["Project", item.project],
    ["Path", copyable(item.relative_path, item.relative_path, "path")],
    ["SHA-256", copyable(`${item.sha256.slice(0, HASH_SHOWN)}…`, item.sha256, "hash")],
  ];
  return facts.filter(([, value]) => value !== "");
}

/**
 * @param {string} shown
 * @param {string} copied
 * @param {string} what
 */
function copyable(shown, copied, what) {
  const onclick = async () => {
    await copyText(copied);
    tell(`The ${what} is copied.`);
  };
  const copy = iconButton("copy", `Copy the ${what}`, { onclick });
  return h(
    "span",
    { class: "copyable" },
    h("span", { class: "code", title: copied }, ...breakable(shown)),
    copy,
  );
}

/**
 * A path that is rather broken after a slash than within a name.
 *
 * @param {string} path
 */
function breakable(path) {
  const pieces = path.split("/");
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : ["/", h("wbr"), piece]));
}

customElements.define("file-facts", FileFacts);
