/**
 * The bar above the listing: where one is, the search, the order, the view, and the upload button.
 *
 * Neighbours: navigation.js for the place, filter-panel.js for the rarer filters. Must never search
 * by itself: it writes the place, and the library follows.
 */

import { button, debounce, h, icon, iconButton } from "./dom.js";
import { FilterPanel } from "./filter-panel.js";
import { KINDS, count, originName, plural } from "./format.js";
import { attachMenu } from "./menu.js";
import { makeOrder } from "./order.js";
import { START, filterCount } from "./place.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").State} State */

const TYPING_MS = 250;
const IS_NARROW = matchMedia("(max-width: 640px)");

export class TopBar extends HTMLElement {
  /**
   * @param {App} app
   * @param {{onMenu: () => void, onUpload: () => void}} on
   */
  constructor(app, { onMenu, onUpload }) {
    super();
    this.app = app;
    this.onMenu = onMenu;
    this.onUpload = onUpload;
    this.grid = iconButton("grid", "Grid", { onclick: this.#show("grid") });
    this.list = iconButton("list", "List", { onclick: this.#show("list") });
  }

  connectedCallback() {
    this.setAttribute("role", "banner");
    const menu = iconButton("menu", "Projects", { onclick: this.onMenu });
    menu.classList.add("menu-button", "drawer-only");
    this.heading = h("h1", {});
    this.amount = h("p", { class: "amount", role: "status" });
    const titles = h("div", { class: "titles" }, this.heading, this.amount);
    const upload = button("Upload", { icon: "upload", class: "button primary upload-button" });
    upload.addEventListener("click", this.onUpload);
    const { actions } = this.app;
    const empty = button("Empty the trash", { icon: "trash", class: "button empty-button" });
    empty.addEventListener("click", () => actions.emptyTrash());
    const more = iconButton("more", "More actions");
    attachMenu(more, () => this.#choices());
    const views = h(
      "div",
      { class: "joined", role: "group", "aria-label": "View" },
      this.grid,
      this.list,
    );
    const filters = new FilterPanel(this.app);
    const searchRow = h("div", { class: "search-row" }, this.#makeSearch(), filters);
    const arrange = h("div", { class: "arrange" }, makeOrder(this.app), views);
    const row = h(
      "div",
      { class: "bar-row" },
      menu,
      titles,
      searchRow,
      arrange,
      empty,
      upload,
      more,
    );
    this.chips = h("div", { class: "chips" });
    this.append(row, this.chips);
    const { store, library } = this.app;
    store.watch(["place", "view"], (state) => this.#draw(state));
    store.watch(["place", "mayAdminister"], ({ place, mayAdminister }) => {
      empty.hidden = place.area !== "trash" || !mayAdminister;
    });
    for (const name of ["items", "reset"]) {
      library.addEventListener(name, () => this.#drawAmount());
    }
    this.#drawAmount();
  }

  #makeSearch() {
    const { navigation, store } = this.app;
    const write = debounce(() => navigation.replace({ q: this.input.value.trim() }), TYPING_MS);
    this.input = h("input", {
      type: "search",
      class: "search-input",
      placeholder: "Search names and tags",
      "aria-label": "Search names and tags",
      "aria-keyshortcuts": "/",
      autocomplete: "off",
      spellcheck: "false",
      oninput: write,
    });
    this.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") navigation.replace({ q: this.input.value.trim() });
    });
    store.watch(["place"], ({ place }) => {
      const isTyping = document.activeElement === this.input;
      if (!isTyping || this.input.value.trim() !== place.q) this.#fillSearch(place, { isTyping });
    });
    return h(
      "div",
      { class: "search", role: "search" },
      icon("search"),
      this.input,
      h("kbd", {}, "/"),
    );
  }

  /**
   * Shows what is searched for; what is being typed is not replaced by its own beginning.
   *
   * @param {Place} place
   * @param {{isTyping: boolean}} how
   */
  #fillSearch(place, { isTyping }) {
    const isOlder = isTyping && this.input.value.trim().startsWith(place.q);
    if (!isOlder || place.q === "") this.input.value = place.q;
  }

  /** @param {"grid" | "list"} view */
  #show(view) {
    return () => this.app.store.update({ view });
  }

  #choices() {
    const { actions, store, library, selection } = this.app;
    const { place, view } = store.state;
    const { source, project } = place;
    const all = {
      text: "Select all that is loaded",
      icon: "check",
      run: () => selection.set(library.items),
    };
    if (place.area === "trash") return [all];
    return [
      all,
      { text: "New project…", icon: "plus", run: () => actions.createProject(source) },
      IS_NARROW.matches && {
        text: view === "grid" ? "Show as a list" : "Show as a grid",
        icon: view === "grid" ? "list" : "grid",
        run: this.#show(view === "grid" ? "list" : "grid"),
      },
      project
        ? {
            text: "Index this project again",
            icon: "refresh",
            run: () => actions.reindex({ source, project }),
          }
        : { text: "Index everything again", icon: "refresh", run: () => actions.reindex(null) },
    ];
  }

  /** @param {State} state */
  #draw({ place, view }) {
    const isTrash = place.area === "trash";
    const where = place.project || place.source || "All projects";
    const title = isTrash ? `Trash${place.source ? ` of ${place.source}` : ""}` : where;
    this.heading.textContent = title;
    document.title = `${title} – Playhead`;
    this.classList.toggle("is-trash", isTrash);
    this.grid.setAttribute("aria-pressed", String(view === "grid"));
    this.list.setAttribute("aria-pressed", String(view === "list"));
    this.chips.replaceChildren(...this.#kinds(place), ...this.#filters(place));
  }

  #drawAmount() {
    const { library, store } = this.app;
    const { total, problem } = library;
    const noun = store.state.place.area === "trash" ? "file in the trash" : "file";
    const many = noun.replace("file", "files");
    if (total !== null) this.amount.textContent = plural(total, noun, many);
    else if (library.items.length > 0)
      this.amount.textContent = `${count(library.items.length)}+ ${many}`;
    else this.amount.textContent = problem ? "" : "…";
  }

  /** @param {Place} place */
  #kinds(place) {
    const { navigation } = this.app;
    const chip = (
      /** @type {string} */ text,
      /** @type {boolean} */ isOn,
      /** @type {() => void} */ onclick,
    ) =>
      h("button", { type: "button", class: "chip", "aria-pressed": String(isOn), onclick }, text);
    const all = chip("All", place.kind === "", () => navigation.go({ kind: "" }));
    const others = [...KINDS].map(([name, { many }]) => {
      const kind = /** @type {Kind} */ (name);
      return chip(many, place.kind === kind, () => navigation.go({ kind }));
    });
    return [h("div", { class: "kinds", role: "group", "aria-label": "Kind" }, all, ...others)];
  }

  /** @param {Place} place */
  #filters(place) {
    const { navigation } = this.app;
    const chip = (/** @type {string} */ text, /** @type {Partial<Place>} */ without) => {
      const onclick = () => navigation.go(without);
      const label = `Remove the filter ${text}`;
      return h(
        "button",
        { type: "button", class: "chip filter", "aria-label": label, onclick },
        text,
        icon("close"),
      );
    };
    const chips = place.tags.map((tag) =>
      chip(tag, { tags: place.tags.filter((other) => other !== tag) }),
    );
    if (place.origin) chips.push(chip(originName(place.origin), { origin: "" }));
    if (place.since || place.until) {
      chips.push(
        chip(`${place.since || "…"} – ${place.until || "today"}`, { since: "", until: "" }),
      );
    }
    if (filterCount(place) > 1) {
      const { tags, origin, since, until } = START;
      chips.push(
        button("Clear", {
          class: "button quiet small",
          onclick: () => navigation.go({ tags, origin, since, until }),
        }),
      );
    }
    return chips;
  }

  /** Puts the cursor into the search. */
  focusSearch() {
    this.input.focus();
    this.input.select();
  }
}

customElements.define("top-bar", TopBar);
