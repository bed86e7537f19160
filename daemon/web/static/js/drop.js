/**
 * Files that are dragged onto the page, with the folders they come in.
 *
 * Neighbours: main.js hands what was dropped to the queue. Must never take part in drags of the
 * page's own cards: those carry no files.
 */

import { h, icon } from "./dom.js";
import { QUEUED_MAX } from "./uploads.js";

/** Folders within folders; a deeper tree is no camera's. */
const DEPTH_MAX = 16;

/** Files of systems and editors, which nobody means to upload. */
const LITTER = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/**
 * Lets files be dropped anywhere on the page.
 *
 * @param {() => string} targetText - Says where dropped files would go.
 * @param {(files: File[]) => void} onFiles
 */
export function acceptDrops(targetText, onFiles) {
  const text = h("p", { class: "drop-text" });
  const veil = h("div", { class: "drop-veil", hidden: true }, h("div", {}, icon("upload"), text));
  document.body.append(veil);
  let depth = 0;
  const isFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const show = (/** @type {boolean} */ isShown) => {
    text.textContent = targetText();
    veil.hidden = !isShown;
  };
  addEventListener("dragenter", (event) => {
    if (!isFiles(event)) return;
    depth += 1;
    show(true);
  });
  addEventListener("dragover", (event) => {
    if (isFiles(event)) event.preventDefault();
  });
  addEventListener("dragleave", (event) => {
    if (!isFiles(event)) return;
    depth -= 1;
    if (depth <= 0) show(false);
  });
  addEventListener("drop", async (event) => {
    depth = 0;
    show(false);
    if (!isFiles(event)) return;
    event.preventDefault();
    const files = await filesIn(/** @type {DataTransfer} */ (event.dataTransfer));
    if (files.length > 0) onFiles(files);
  });
}

/** @param {DataTransfer} transfer */
async function filesIn(transfer) {
  // The list is emptied when this function first waits, so all is taken out before.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  if (entries.every((entry) => entry === null)) return plain;
  /** @type {File[]} */
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, found, 0);
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @param {File[]} found
 * @param {number} depth
 */
async function collect(entry, found, depth) {
  if (found.length >= QUEUED_MAX || depth > DEPTH_MAX || LITTER.has(entry.name)) return;
  if (entry.isFile) {
    const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry)).catch(() => null);
    if (file) found.push(file);
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  let inside = await entriesOf(reader);
  while (inside.length > 0 && found.length < QUEUED_MAX) {
    for (const one of inside) await collect(one, found, depth + 1);
    inside = await entriesOf(reader);
  }
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/**
 * @param {FileSystemDirectoryReader} reader
 * @returns {Promise<FileSystemEntry[]>}
 */
function entriesOf(reader) {
  return new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
}
