/**
 * The keys that work anywhere on the page, and the list of all of them.
 *
 * Neighbours: media-input.js has the listing's own keys, preview.js those of the preview. Must
 * never act while somebody types, or while a dialog is open.
 */

import { AREAS, allowedAreas } from "./board/areas.js";
import { h } from "./dom.js";
import { inform } from "./dialogs.js";
import { isListing } from "./place.js";

/** @type {[string, [string, string][]][]} */
const LIST = [
  [
    "Anywhere",
    [
      ["/", "Search"],
      ["u", "Upload files"],
      ["v", "Grid or list"],
      ["1 … 9 0", "The areas of Playhead"],
      ["?", "These keys"],
    ],
  ],
  [
    "In the listing",
    [
      ["Arrows", "Move"],
      ["Space", "Select, or not"],
      ["Shift Arrows", "Select a range"],
      ["Ctrl A", "Select all that is loaded"],
      ["Enter", "Preview"],
      ["t", "Tags of the selected files"],
      ["m", "Move the selected files"],
      ["Delete", "Move to the trash"],
      ["Esc", "Clear the selection"],
    ],
  ],
  [
    "In the preview",
    [
      ["← →", "Previous, next file"],
      ["Space", "Play, pause"],
      ["j l", "Five seconds back, on"],
      ["f", "Full screen"],
      ["i", "Facts"],
      ["m", "Mark this moment"],
      ["Esc", "Close"],
    ],
  ],
];

/** Shows the list of keys. */
export function showKeys() {
  const groups = LIST.map(([title, keys]) =>
    h(
      "section",
      {},
      h("h3", {}, title),
      h("dl", {}, ...keys.flatMap(([key, text]) => [h("dt", {}, ...caps(key)), h("dd", {}, text)])),
    ),
  );
  inform("Keyboard shortcuts", h("div", { class: "keys" }, ...groups));
}

/** @param {string} keys */
function caps(keys) {
  return keys.split(" ").map((key) => h("kbd", {}, key));
}

/**
 * Listens to keys.
 *
 * @param {import("./types.js").App} app
 * @param {{search: () => void, upload: () => void, turnView: () => void}} run
 */
export function listenToKeys(app, { search, upload, turnView }) {
  const { actions, library, navigation, selection, store } = app;
  const chosen = () => /** @type {any[]} */ (selection.items);
  const isTrash = () => store.state.place.area === "trash";
  const withChosen = (/** @type {(items: any[]) => void} */ act) => () => {
    if (selection.size > 0 && !isTrash()) act(chosen());
  };
  const goTo = (/** @type {any} */ area) => {
    if (allowedAreas(store.state.scopes).some((one) => one.area === area))
      navigation.goTo({ area });
  };
  /** @type {Map<string, () => void>} */
  const keys = new Map(
    /** @type {any} */ ([
      ["/", search],
      ["u", upload],
      ["v", turnView],
      ["?", showKeys],
      ["t", withChosen((items) => actions.editTags(items))],
      ["m", withChosen((items) => actions.move(items))],
      ["Delete", withChosen((items) => actions.trash(items))],
      ["Escape", () => selection.clear()],
      ...AREAS.map(({ area }, index) => [String((index + 1) % 10), () => goTo(area)]),
    ]),
  );
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || isElsewhere(event)) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const run = isCommand ? null : keys.get(event.key);
    if (isCommand && event.key === "a" && isListing(store.state.place.area))
      selection.set(library.items);
    else if (run) run();
    else return;
    event.preventDefault();
  });
}

/** @param {KeyboardEvent} event */
function isElsewhere(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const isTyping = target.matches?.("input, select, textarea, [contenteditable]");
  return isTyping || document.querySelector("dialog[open], :popover-open") !== null;
}
