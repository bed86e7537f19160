/**
 * Questions to the reader, in modal dialogs: each is a promise of the answer, or of null.
 *
 * Neighbours: actions.js asks; questions.js has the questions with fields of their own. Must never
 * act itself: what is done with an answer is the asker's business.
 */

import { button, h, iconButton } from "./dom.js";

let nextId = 1;

/**
 * Shows a dialog and gives what it was closed with; null when it was left by Escape or Cancel.
 *
 * @template T
 * @param {{title: string, text?: string, content?: Node | null, accept: string,
 *   isDangerous?: boolean, read: () => T | null}} question - `read` gives the answer when the
 *   reader accepts; null keeps the dialog open.
 * @returns {Promise<T | null>}
 */
export function ask({ title, text = "", content = null, accept, isDangerous = false, read }) {
  return new Promise((resolve) => {
    const headingId = `dialog-${nextId++}`;
    /** @type {T | null} */
    let answer = null;
    const kind = isDangerous ? "button danger" : "button primary";
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: headingId }, title),
      text ? h("p", { class: "dialog-text" }, text) : null,
      content,
      h(
        "div",
        { class: "dialog-buttons" },
        button("Cancel", { onclick: () => dialog.close() }),
        button(accept, { type: "submit", class: kind }),
      ),
    );
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": headingId }, form);
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      answer = read();
      if (answer !== null) dialog.close();
    });
    present(dialog, () => resolve(answer));
  });
}

/**
 * Asks for a yes.
 *
 * @param {{title: string, text: string, accept: string, isDangerous?: boolean}} question
 * @returns {Promise<boolean>}
 */
export async function confirm(question) {
  return (await ask({ ...question, read: () => true })) === true;
}

/**
 * Shows something to read, with a cross to leave it.
 *
 * @param {string} title
 * @param {Node} content
 */
export function inform(title, content) {
  const headingId = `dialog-${nextId++}`;
  const cross = iconButton("close", "Close", { onclick: () => dialog.close() });
  const head = h("div", { class: "dialog-head" }, h("h2", { id: headingId }, title), cross);
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": headingId }, head, content);
  present(dialog, () => {});
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {() => void} onClose
 */
function present(dialog, onClose) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    document.body.append(...dialog.querySelectorAll(".toast-corner"));
    dialog.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    onClose();
  });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
}

/**
 * A labelled field; the hint describes it and is no part of its name.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(label, control, hint = "") {
  const hintId = `hint-${nextId++}`;
  if (hint) control.setAttribute("aria-describedby", hintId);
  return h(
    "div",
    { class: "field" },
    h("label", { class: "field" }, h("span", { class: "field-label" }, label), control),
    hint ? h("span", { class: "field-hint", id: hintId }, hint) : null,
  );
}
