/**
 * The order of the listing: by what, and which way round.
 *
 * Neighbours: the top bar holds one, and on a phone the filter panel does.
 */

import { h, iconButton, setAttribute, setIcon } from "./dom.js";

const SORTS = new Map([
  ["created", "Taken"],
  ["added", "Added"],
  ["name", "Name"],
  ["size", "Size"],
]);

/**
 * @param {import("./types.js").App} app
 * @returns {HTMLElement}
 */
export function makeOrder({ navigation, store }) {
  const options = [...SORTS].map(([value, text]) => h("option", { value }, text));
  const sort = h("select", { class: "select", "aria-label": "Sort by" }, ...options);
  sort.addEventListener("change", () => {
    navigation.go({ sort: sort.value, order: sort.value === "name" ? "asc" : "desc" });
  });
  const turn = iconButton("descending", "Order");
  turn.addEventListener("click", () => {
    navigation.go({ order: store.state.place.order === "asc" ? "desc" : "asc" });
  });
  store.watch(["place"], ({ place }) => {
    const isRising = place.order === "asc";
    sort.value = place.sort;
    setIcon(turn.querySelector("svg"), isRising ? "ascending" : "descending");
    setAttribute(turn, "aria-label", isRising ? "Rising order" : "Falling order");
    setAttribute(
      turn,
      "title",
      isRising ? "Rising; click for falling" : "Falling; click for rising",
    );
  });
  return h("div", { class: "order" }, sort, turn);
}
