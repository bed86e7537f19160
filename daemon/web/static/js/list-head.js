/**
 * The head of the list: what its columns are, and the order by a click on one.
 *
 * Neighbours: the media view puts it above the rows; both share the columns of the style sheet.
 */

import { h, icon, setIcon } from "./dom.js";

/** @typedef {import("./types.js").SortKey} SortKey */

/** @type {[string, string, SortKey | null][]} */
const COLUMNS = [
  ["name", "Name", "name"],
  ["tags", "Tags", null],
  ["project", "Project", null],
  ["extent", "Dimensions", null],
  ["size", "Size", "size"],
  ["moment", "Taken", "created"],
];

/**
 * @param {import("./types.js").App} app
 * @returns {HTMLElement}
 */
export function makeListHead({ navigation, store }) {
  const columns = COLUMNS.map(([name, text, sort]) => {
    if (sort === null) return h("span", { class: `column ${name}` }, text);
    const onclick = () => navigation.go(orderAfter(store.state.place, sort));
    const arrow = icon("down");
    const label = h("span", {}, text);
    const column = h("button", { type: "button", class: `column ${name}`, onclick }, label, arrow);
    store.watch(["place"], ({ place }) => {
      const isOrder = place.sort === sort && place.area === "library";
      column.setAttribute("aria-pressed", String(isOrder));
      arrow.classList.toggle("is-unused", !isOrder);
      setIcon(arrow, place.order === "asc" ? "up" : "down");
      column.disabled = place.area === "trash";
      label.textContent = name === "moment" && place.area === "trash" ? "Deleted" : text;
    });
    return column;
  });
  return h(
    "div",
    { class: "list-head", role: "group", "aria-label": "Order by column" },
    ...columns,
  );
}

/**
 * @param {import("./types.js").Place} place
 * @param {SortKey} sort
 * @returns {Partial<import("./types.js").Place>}
 */
function orderAfter(place, sort) {
  if (place.sort === sort) return { order: place.order === "asc" ? "desc" : "asc" };
  return { sort, order: sort === "name" ? "asc" : "desc" };
}
