/**
 * Plays a video or a sound, or shows a picture, and says so when the browser cannot.
 *
 * Neighbours: the preview. Must never show a file of another kind as a document: what somebody
 * uploaded is never a page of ours.
 */

import { problemIn, unreachable } from "./api.js";
import { h, icon } from "./dom.js";
import { bytes, kindOf } from "./format.js";
import { keptPicture } from "./thumbnails.js";

/** @typedef {import("./types.js").LibraryItem} LibraryItem */

const VOLUME_STORED_AS = "playhead.volume";
const IS_CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class Stage extends HTMLElement {
  constructor() {
    super();
    /** @type {HTMLMediaElement | null} */
    this.player = null;
    /** @type {LibraryItem | null} */
    this.shown = null;
  }

  connectedCallback() {
    // The preview opens with the focus here, where its keys work, and on no button.
    this.tabIndex = -1;
    this.autofocus = true;
  }

  /** @param {LibraryItem} item */
  show(item) {
    this.clear();
    this.shown = item;
    this.dataset.kind = item.kind;
    if (item.kind === "video") this.#play(item, this.#video(item));
    else if (item.kind === "audio") this.#play(item, h("audio", {}));
    else if (item.kind === "image") this.#picture(item);
    else this.#excuse(item, "There is no preview of this kind of file.");
  }

  /** Ends what is played, and lets go of its connection. */
  clear() {
    if (this.player) {
      this.player.pause();
      this.player.removeAttribute("src");
      this.player.load();
    }
    this.player = null;
    this.shown = null;
    this.replaceChildren();
  }

  /** @param {LibraryItem} item */
  #video(item) {
    return h("video", { playsinline: true, poster: keptPicture(item.thumb_url) });
  }

  /**
   * @param {LibraryItem} item
   * @param {HTMLMediaElement} player
   */
  #play(item, player) {
    this.player = player;
    player.controls = true;
    player.preload = "metadata";
    player.setAttribute("aria-label", item.name);
    recallVolume(player);
    player.addEventListener("volumechange", () => rememberVolume(player));
    player.addEventListener("error", () => {
      if (this.player !== player) return;
      this.player = null;
      this.#explain(item);
    });
    player.src = item.stream_url;
    if (item.kind === "audio") this.append(icon("sound"));
    this.append(player);
    // A browser may refuse to begin by itself; the reader then presses play.
    if (!IS_CALM.matches) player.play().catch(() => {});
  }

  /**
   * Says whether it is the browser that cannot play it, or the daemon that cannot give it.
   *
   * @param {LibraryItem} item
   */
  async #explain(item) {
    const codec = item.video_codec || item.audio_codec;
    const cannotPlay = `This browser cannot play it${codec ? ` (${codec})` : ""}.`;
    const refusal = await refusalOf(item.stream_url);
    if (this.shown === item) this.#excuse(item, refusal ?? cannotPlay);
  }

  /** @param {LibraryItem} item */
  #picture(item) {
    const picture = h("img", { alt: item.name, src: item.stream_url });
    picture.addEventListener("error", () => this.#thumbnail(item), { once: true });
    picture.addEventListener("click", () => this.classList.toggle("is-close"));
    this.classList.remove("is-close");
    this.append(picture);
  }

  /**
   * The thumbnail in the place of a picture that this browser cannot show, such as HEIC.
   *
   * @param {LibraryItem} item
   */
  #thumbnail(item) {
    if (!item.thumb_url) {
      this.#excuse(item, "This browser cannot show it.");
      return;
    }
    const note = "This browser cannot show the original; this is its thumbnail.";
    const picture = h("img", { alt: item.name, src: item.thumb_url });
    this.replaceChildren(picture, h("p", { class: "note" }, note));
  }

  /**
   * @param {LibraryItem} item
   * @param {string} text
   */
  #excuse(item, text) {
    const link = h(
      "a",
      { class: "button", href: item.download_url, download: item.name },
      icon("download"),
      h("span", {}, `Download (${bytes(item.size)})`),
    );
    const picture = icon(kindOf(item.kind).icon);
    this.replaceChildren(h("div", { class: "excuse" }, picture, h("p", {}, text), link));
  }

  togglePlay() {
    if (!this.player) return;
    if (this.player.paused) this.player.play().catch(() => {});
    else this.player.pause();
  }

  /** @param {number} step_s */
  skip(step_s) {
    if (!this.player) return;
    const end = Number.isFinite(this.player.duration) ? this.player.duration : Infinity;
    this.player.currentTime = Math.min(Math.max(this.player.currentTime + step_s, 0), end);
  }

  /** Where the player is, in seconds; null while there is none. */
  get position() {
    return this.player ? this.player.currentTime : null;
  }

  /** @param {number} position_s */
  seek(position_s) {
    if (this.player) this.player.currentTime = position_s;
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.requestFullscreen?.();
  }
}

/**
 * Why the daemon does not give a file, in its own words; null when it does.
 *
 * @param {string} address
 */
async function refusalOf(address) {
  try {
    const response = await fetch(address, { headers: { Range: "bytes=0-0" } });
    return response.ok ? null : problemIn(response.status, await response.text()).message;
  } catch {
    return unreachable().message;
  }
}

/** @param {HTMLMediaElement} player */
function recallVolume(player) {
  try {
    const { volume, muted } = JSON.parse(localStorage.getItem(VOLUME_STORED_AS) ?? "{}");
    player.volume = typeof volume === "number" ? Math.min(Math.max(volume, 0), 1) : 1;
    player.muted = muted === true;
  } catch {
    // What was stored is not ours; the player's own volume will do.
  }
}

/** @param {HTMLMediaElement} player */
function rememberVolume({ volume, muted }) {
  localStorage.setItem(VOLUME_STORED_AS, JSON.stringify({ volume, muted }));
}

customElements.define("file-stage", Stage);
