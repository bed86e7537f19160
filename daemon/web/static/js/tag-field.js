/**
 * A field for tags: each is a chip, a new one is typed, and the known ones are suggested.
 *
 * Neighbours: the preview edits a file's tags with it, questions.js those of many. Must never
 * decide what a tag may be beyond trimming and lower case: the daemon does.
 */

import { h, icon } from "./dom.js";

const TAG_LENGTH_MAX = 64;
let nextId = 1;

/**
 * @param {{label: string, tags: string[], known: string[], onAdd?: (tag: string) => void,
 *   onRemove?: (tag: string) => void}} options
 * @returns {{element: HTMLElement, tags: () => string[], set: (tags: string[]) => void}}
 */
export function tagField({ label, tags, known, onAdd, onRemove }) {
  let current = [...tags];
  const listId = `tags-${nextId++}`;
  const input = h("input", {
    class: "tag-input",
    "aria-label": label,
    placeholder: label,
    maxlength: TAG_LENGTH_MAX,
    list: listId,
    autocomplete: "off",
    autocapitalize: "none",
  });
  const chips = h("span", { class: "tag-chips" });
  const suggestions = h(
    "datalist",
    { id: listId },
    ...known.map((value) => h("option", { value })),
  );
  const element = h("div", { class: "tag-field" }, chips, input, suggestions);

  const draw = () => chips.replaceChildren(...current.map((tag) => chip(tag, () => remove(tag))));
  const remove = (/** @type {string} */ tag) => {
    current = current.filter((other) => other !== tag);
    draw();
    input.focus();
    onRemove?.(tag);
  };
  const take = () => {
    const added = wordsIn(input.value).filter((tag) => !current.includes(tag));
    input.value = "";
    current = [...current, ...added];
    draw();
    for (const tag of added) onAdd?.(tag);
    return added.length > 0;
  };
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const isEnd = event.key === "Enter" || event.key === ",";
    if (isEnd && wordsIn(input.value).length > 0) {
      event.preventDefault();
      take();
    }
    const last = current.at(-1);
    if (event.key === "Backspace" && input.value === "" && last) remove(last);
  });
  input.addEventListener("change", take);
  draw();
  return {
    element,
    tags: () => {
      take();
      return [...current];
    },
    set: (next) => {
      current = [...next];
      draw();
    },
  };
}

/**
 * @param {string} tag
 * @param {() => void} onRemove
 */
function chip(tag, onRemove) {
  const cross = { type: "button", "aria-label": `Remove the tag ${tag}`, onclick: onRemove };
  return h("span", { class: "tag removable" }, tag, h("button", cross, icon("close")));
}

/** @param {string} text */
function wordsIn(text) {
  const words = text.split(",").map((word) => word.trim().toLowerCase());
  return [...new Set(words.filter(Boolean))];
}
