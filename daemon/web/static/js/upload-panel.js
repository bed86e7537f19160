/**
 * The uploads on the screen: one line for each, one for all together.
 *
 * Neighbours: uploads.js has the queue. Shows the lines one can do something about first, and never
 * more than a screenful or two of them.
 */

import { button, h, iconButton, setIcon } from "./dom.js";
import { bytes, count, plural, remaining } from "./format.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./uploads.js").Entry} Entry */
/** @typedef {import("./tus.js").Leftover} Leftover */

const ROWS_MAX = 60;
const FULL = 100;

/** Which lines come first. */
const RANKS = ["failed", "running", "waiting", "paused", "queued", "duplicate", "stored"];

export class UploadPanel extends HTMLElement {
  /**
   * @param {App} app
   * @param {{onChoose: () => void}} on - Asked for files, to go on with those left over.
   */
  constructor(app, { onChoose }) {
    super();
    this.app = app;
    this.onChoose = onChoose;
    /** @type {Map<number, ReturnType<typeof makeRow>>} */
    this.rows = new Map();
    const { uploads } = app;
    this.heading = h("strong", {});
    this.note = h("small", {});
    this.bar = h("progress", { max: FULL, "aria-label": "All uploads" });
    this.pause = iconButton("pause", "Pause all", { onclick: () => this.#pauseOrResume() });
    this.fold = iconButton("down", "Show less", { onclick: () => this.#fold() });
    this.close = iconButton("close", "Take away what is done", {
      onclick: () => uploads.clearDone(),
    });
    this.list = h("ul", { class: "upload-list" });
    this.more = h("p", { class: "none" });
  }

  connectedCallback() {
    const { uploads } = this.app;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Uploads");
    const texts = h("div", { class: "upload-texts" }, this.heading, this.note);
    const head = h("div", { class: "upload-head" }, texts, this.pause, this.fold, this.close);
    this.append(head, this.bar, this.list, this.more);
    uploads.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  #pauseOrResume() {
    const { uploads } = this.app;
    if (uploads.summary.open > 0) uploads.pauseAll();
    else uploads.resumeAll();
  }

  #fold() {
    const isFolded = this.classList.toggle("is-folded");
    setIcon(this.fold.querySelector("svg"), isFolded ? "up" : "down");
    this.fold.setAttribute("aria-label", isFolded ? "Show more" : "Show less");
  }

  #draw() {
    const { uploads } = this.app;
    const { entries, leftovers } = uploads;
    this.hidden = entries.length === 0 && leftovers.length === 0;
    this.#drawHead();
    const ranked = [...entries].sort((one, other) => rank(one) - rank(other) || one.id - other.id);
    const shown = ranked.slice(0, ROWS_MAX);
    const rows = shown.map((entry) => this.#row(entry));
    for (const id of this.rows.keys()) {
      if (!shown.some((entry) => entry.id === id)) this.rows.delete(id);
    }
    const wanted = [...rows, ...leftovers.slice(0, ROWS_MAX).map((one) => this.#leftover(one))];
    const isSame = wanted.every((row, index) => this.list.children[index] === row);
    if (!isSame || this.list.children.length !== wanted.length)
      this.list.replaceChildren(...wanted);
    this.more.textContent = `and ${plural(entries.length - shown.length, "more file")}`;
    this.more.hidden = entries.length <= shown.length;
  }

  #drawHead() {
    const { summary } = this.app.uploads;
    const { count: all, done, failed, paused, open, size, sent, speed } = summary;
    this.heading.textContent = titleOf(summary);
    const rate =
      speed > 0 && open > 0 ? ` · ${bytes(speed)}/s · ${remaining((size - sent) / speed)}` : "";
    const share = size > 0 ? Math.floor((FULL * sent) / size) : FULL;
    this.note.textContent =
      all === 0 ? "Choose the same files to go on." : `${bytes(sent)} of ${bytes(size)}${rate}`;
    this.bar.value = share;
    this.bar.hidden = all === 0;
    const isPausing = open > 0;
    setIcon(this.pause.querySelector("svg"), isPausing ? "pause" : "play");
    this.pause.setAttribute("aria-label", isPausing ? "Pause all" : "Go on with all");
    this.pause.title = isPausing ? "Pause all" : "Go on with all";
    this.pause.hidden = !isPausing && paused + failed === 0;
    this.close.hidden = done === 0 || open > 0;
  }

  /** @param {Entry} entry */
  #row(entry) {
    const row = this.rows.get(entry.id) ?? makeRow(entry, this.app);
    this.rows.set(entry.id, row);
    row.draw();
    return row.element;
  }

  /** @param {Leftover} leftover */
  #leftover(leftover) {
    const { uploads } = this.app;
    const text = `Not finished, for ${leftover.project}`;
    const texts = h(
      "div",
      { class: "upload-texts" },
      h("span", { class: "upload-name" }, leftover.name),
      h("small", {}, text),
    );
    const choose = button("Choose", { class: "button quiet small", onclick: this.onChoose });
    const cross = iconButton("close", `Give up ${leftover.name}`, {
      onclick: () => uploads.abandon(leftover),
    });
    return h("li", { class: "upload" }, texts, choose, cross);
  }
}

/** @param {Entry} entry */
function rank({ phase }) {
  return RANKS.indexOf(phase);
}

/** @param {import("./uploads.js").Uploads["summary"]} summary */
function titleOf({ count: all, done, failed, paused, open }) {
  if (all === 0) return "Uploads that were interrupted";
  if (open > 0) return `Uploading ${count(Math.min(done + 1, all))} of ${count(all)}`;
  if (failed > 0) return `${plural(failed, "upload")} failed`;
  if (paused > 0) return `${plural(paused, "upload")} paused`;
  return `${plural(done, "upload")} done`;
}

/**
 * @param {Entry} entry
 * @param {App} app
 */
function makeRow(entry, { uploads }) {
  const { name } = entry.file;
  const status = h("small", {});
  const bar = h("progress", { max: FULL, "aria-label": `Upload of ${name}` });
  const pause = iconButton("pause", `Pause ${name}`, { onclick: () => uploads.pause(entry) });
  const resume = iconButton("play", `Go on with ${name}`, { onclick: () => uploads.resume(entry) });
  const retry = iconButton("refresh", `Try ${name} again`, {
    onclick: () => uploads.resume(entry),
  });
  const cancel = iconButton("close", `Cancel ${name}`, { onclick: () => uploads.cancel(entry) });
  const texts = h(
    "div",
    { class: "upload-texts" },
    h("span", { class: "upload-name", title: name }, name),
    status,
    bar,
  );
  const element = h("li", { class: "upload" }, texts, pause, resume, retry, cancel);
  const draw = () => {
    const { phase, sent, file } = entry;
    element.dataset.phase = phase;
    status.textContent = statusOf(entry);
    status.title = status.textContent;
    const isMoving = phase === "running" || phase === "waiting" || phase === "paused";
    bar.hidden = !isMoving;
    bar.value = file.size > 0 ? (FULL * sent) / file.size : FULL;
    pause.hidden = phase !== "running" && phase !== "waiting" && phase !== "queued";
    resume.hidden = phase !== "paused";
    retry.hidden = phase !== "failed";
    const isDone = phase === "stored" || phase === "duplicate";
    cancel.setAttribute("aria-label", isDone ? `Dismiss ${name}` : `Cancel ${name}`);
  };
  return { element, draw };
}

/** @param {Entry} entry */
function statusOf({ phase, sent, file, path, problem, wait_s, target }) {
  const amount = `${bytes(sent)} of ${bytes(file.size)}`;
  const hint = problem && "hint" in problem ? ` ${problem.hint}` : "";
  const texts = {
    queued: `Waiting · ${bytes(file.size)}`,
    running: amount,
    waiting: `${problem?.message ?? ""} Trying again in ${count(wait_s)} s.`,
    paused: `Paused · ${amount}`,
    stored: `Stored in ${target.project}`,
    duplicate: path ? `Already there as ${path}` : "Already there",
    failed: `${problem?.message ?? "It failed."}${hint}`,
  };
  return texts[phase];
}

customElements.define("upload-panel", UploadPanel);
