/**
 * The side bar: the areas of the dashboard; all projects or one, by source; the trash; what the
 * daemon is busy with.
 *
 * On a phone it is a drawer. Neighbours: the store has projects and sources, actions.js does what
 * its menus say. Must never load anything itself.
 */

import { allowedAreas } from "./board/areas.js";
import { button, h, icon, iconButton, setIcon } from "./dom.js";
import { count, plural } from "./format.js";
import { showJobs } from "./job-list.js";
import { showKeys } from "./keys.js";
import { attachMenu } from "./menu.js";
import { START, formatPlace } from "./place.js";
import { isUsable } from "./questions.js";
import { isDark, onSystemTheme, toggleTheme } from "./theme.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Source} Source */
/** @typedef {import("./types.js").State} State */

const NARROW = matchMedia("(max-width: 860px)");
const CARDS = "application/x-playhead-files";
const CONNECTIONS = {
  live: "Live",
  connecting: "Connecting…",
  lost: "Reconnecting…",
  deaf: "Not live",
};

export class SideBar extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
    this.isOpen = false;
    this.veil = h("div", { class: "veil", hidden: true, onclick: () => this.toggle(false) });
  }

  connectedCallback() {
    this.setAttribute("role", "navigation");
    this.setAttribute("aria-label", "Playhead, projects and sources");
    this.places = h("div", { class: "places" });
    this.activities = h("div", { class: "activities" });
    this.foot = h("div", { class: "side-foot" });
    this.append(this.#head(), this.places, this.activities, this.foot);
    this.after(this.veil);
    this.#makeFoot();
    const { store } = this.app;
    const shown = /** @type {const} */ ([
      "sources",
      "projects",
      "place",
      "scopes",
      "sidebarLoaded",
    ]);
    store.watch([...shown, "mayAdminister", "maySeeFiles"], (state) => this.#drawPlaces(state));
    store.watch(["activities"], (state) => this.#drawActivities(state));
    store.watch(["place"], () => this.toggle(false));
    NARROW.addEventListener("change", () => this.toggle(false));
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen) this.toggle(false);
    });
  }

  #head() {
    const close = iconButton("close", "Close the menu", { onclick: () => this.toggle(false) });
    close.classList.add("drawer-only");
    return h(
      "div",
      { class: "side-head" },
      h("img", { src: "/static/favicon.svg", alt: "", width: 26, height: 26 }),
      h("span", { class: "brand" }, "Playhead"),
      close,
    );
  }

  /**
   * Opens or closes the drawer; a side bar that is always there takes no notice.
   *
   * @param {boolean} isOpen
   */
  toggle(isOpen) {
    const wasOpen = this.isOpen;
    this.isOpen = isOpen && NARROW.matches;
    this.classList.toggle("is-open", this.isOpen);
    this.inert = NARROW.matches && !this.isOpen;
    this.veil.hidden = !this.isOpen;
    if (this.isOpen) /** @type {HTMLElement | null} */ (this.querySelector("a"))?.focus();
    else if (wasOpen) {
      const openers = /** @type {any[]} */ ([...document.querySelectorAll(".menu-button")]);
      openers.find((opener) => opener.offsetParent)?.focus();
    }
  }

  /** @param {State} state */
  #drawPlaces(state) {
    const { sources, projects, sidebarLoaded, maySeeFiles } = state;
    const total = projects.reduce((sum, project) => sum + project.counts.files, 0);
    const all = this.#link(state, { text: "All projects", picture: "library", amount: total });
    const groups = sources.map((source) => this.#source(state, source));
    const focused = this.places.contains(document.activeElement)
      ? document.activeElement?.getAttribute("href")
      : null;
    this.places.replaceChildren(this.#areas(state));
    if (maySeeFiles) this.places.append(h("ul", {}, h("li", {}, all)), ...groups);
    if (sidebarLoaded) this.places.append(...this.#additions(state));
    if (focused) this.places.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  /** @param {State} state */
  #areas({ place, scopes }) {
    const links = allowedAreas(scopes).map(({ area, text, picture }) => {
      const current = place.area === area ? "page" : null;
      const attributes = { class: "place", href: `#${area}`, "aria-current": current };
      return h(
        "li",
        {},
        h("a", attributes, icon(picture), h("span", { class: "place-name" }, text)),
      );
    });
    return h("section", { class: "areas", "aria-label": "Playhead" }, h("ul", {}, ...links));
  }

  /** @param {State} state */
  #additions({ mayAdminister, sources }) {
    const project = button("New project", { icon: "plus", class: "button quiet" });
    project.addEventListener("click", () =>
      this.#createProject(sources.find(isUsable)?.name ?? ""),
    );
    const source = button("Register a source", { icon: "disk", class: "button quiet" });
    source.addEventListener("click", () => this.app.actions.registerSource());
    return [h("div", { class: "additions" }, project, mayAdminister ? source : null)];
  }

  /**
   * @param {State} state
   * @param {Source} source
   */
  #source(state, source) {
    const { name } = source;
    const projects = state.projects.filter((project) => project.source === name);
    const more = iconButton("more", `Actions for the source ${name}`);
    attachMenu(more, () => this.#sourceChoices(state, source));
    const heading = h(
      "div",
      { class: "source-head" },
      this.#link(state, {
        text: name,
        picture: pictureOf(source),
        source: name,
        title: source.root,
      }),
      badgeOf(source),
      more,
    );
    const links = projects.map((project) =>
      h(
        "li",
        {},
        this.#link(state, {
          text: project.name,
          picture: "folder",
          source: name,
          project: project.name,
          amount: project.counts.files,
        }),
      ),
    );
    const kind = isUsable(source) ? "source" : "source is-off";
    return h(
      "section",
      { class: kind, "aria-label": `Source ${name}` },
      heading,
      h("ul", {}, ...links),
    );
  }

  /**
   * @param {State} state
   * @param {Source} source
   */
  #sourceChoices({ mayAdminister }, source) {
    const { actions } = this.app;
    const trash = { area: /** @type {const} */ ("trash"), source: source.name };
    return [
      isUsable(source) && {
        text: "New project…",
        icon: "plus",
        run: () => this.#createProject(source.name),
      },
      { text: "Its trash", icon: "trash", run: () => this.app.navigation.goTo(trash) },
      mayAdminister && {
        text: source.enabled ? "Turn off" : "Turn on",
        icon: source.enabled ? "disk-off" : "disk",
        run: () => actions.toggleSource(source),
      },
      mayAdminister &&
        !source.primary && {
          text: "Take off the list…",
          icon: "close",
          run: () => actions.removeSource(source),
          isDangerous: true,
        },
    ];
  }

  /**
   * @param {State} state
   * @param {{text: string, picture: string, source?: string, project?: string,
   *   amount?: number | null, title?: string, area?: "library" | "trash"}} link
   */
  #link({ place }, { text, picture, source = "", project = "", amount, title, area = "library" }) {
    const { sort, order } = place;
    const href = formatPlace({ ...START, sort, order, area, source, project });
    const isHere = place.area === area && place.source === source && place.project === project;
    const link = h(
      "a",
      { class: "place", href, title: title ?? text, "aria-current": isHere ? "page" : null },
      icon(picture),
      h("span", { class: "place-name" }, text),
      amount ? h("span", { class: "amount" }, count(amount)) : null,
    );
    if (project) this.#acceptCards(link, { source, name: project });
    return link;
  }

  /**
   * Lets selected cards be dropped on a project.
   *
   * @param {HTMLElement} link
   * @param {{source: string, name: string}} target
   */
  #acceptCards(link, target) {
    const mark = (/** @type {boolean} */ is) => link.classList.toggle("is-target", is);
    link.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes(CARDS)) return;
      event.preventDefault();
      mark(true);
    });
    link.addEventListener("dragleave", () => mark(false));
    link.addEventListener("drop", (event) => {
      mark(false);
      if (!event.dataTransfer?.types.includes(CARDS)) return;
      event.preventDefault();
      this.app.actions.moveTo(/** @type {any[]} */ (this.app.selection.items), target);
    });
  }

  /** @param {string} source */
  async #createProject(source) {
    const made = await this.app.actions.createProject(source);
    if (made) this.app.navigation.goTo({ source: made.source, project: made.name });
  }

  /** @param {State} state */
  #drawActivities({ activities }) {
    const rows = activities.map(({ kind, project, source, done, total, note }) => {
      const where = project || source || "everything";
      const bar = h("progress", { "aria-label": `${kind} of ${where}` });
      if (total) Object.assign(bar, { max: total, value: done });
      const amount = total ? `${count(done)} of ${count(total)}` : count(done);
      const name = ACTIVITY_NAMES.get(kind) ?? kind;
      return h(
        "div",
        { class: "activity", title: note },
        h("span", {}, `${name} ${where}`),
        h("small", {}, amount),
        bar,
      );
    });
    this.activities.replaceChildren(...rows);
    this.activities.hidden = rows.length === 0;
  }

  /** Opens the list of jobs; says how many are still to be done. */
  #jobsButton() {
    const { jobs } = this.app;
    const amount = h("span", { class: "amount" });
    const opener = h(
      "button",
      { type: "button", class: "place", onclick: () => showJobs(this.app) },
      icon("resolve"),
      h("span", { class: "place-name" }, "Jobs for Resolve"),
      amount,
    );
    const draw = () => {
      const { openCount } = jobs;
      amount.textContent = openCount > 0 ? count(openCount) : "";
      opener.title = openCount > 0 ? plural(openCount, "open job") : "Jobs for DaVinci Resolve";
    };
    jobs.addEventListener("change", draw);
    draw();
    return opener;
  }

  #makeFoot() {
    const trash = h("div", { class: "foot-place" });
    const jobs = this.#jobsButton();
    const light = h("span", { class: "light", role: "status" });
    const theme = iconButton("moon", "Dark or light", { onclick: () => turn() });
    const keys = iconButton("keyboard", "Keyboard shortcuts", { onclick: showKeys });
    const draw = () => setIcon(theme.firstElementChild, isDark() ? "sun" : "moon");
    const turn = () => {
      toggleTheme();
      draw();
    };
    onSystemTheme(draw);
    draw();
    this.foot.append(jobs, trash, h("div", { class: "foot-row" }, light, theme, keys));
    const { store } = this.app;
    store.watch(["place", "maySeeFiles"], (state) => {
      trash.hidden = jobs.hidden = !state.maySeeFiles;
      const link = this.#link(state, { text: "Trash", picture: "trash", area: "trash" });
      trash.replaceChildren(link);
    });
    store.watch(["connection", "user"], ({ connection, user }) => {
      light.dataset.state = connection;
      light.textContent = CONNECTIONS[connection];
      light.title = user ? `Signed in as ${user}` : "";
    });
  }
}

const ACTIVITY_NAMES = new Map([
  ["reindex", "Indexing"],
  ["sweep", "Looking through"],
  ["compose", "Composing"],
  ["upload", "Receiving"],
  ["upright", "Turning upright"],
  ["measure", "Measuring"],
]);

/** @param {Source} source */
function pictureOf(source) {
  return isUsable(source) ? "disk" : "disk-off";
}

/** @param {Source} source */
function badgeOf({ enabled, accessible, problem }) {
  if (!enabled) return h("span", { class: "badge" }, "off");
  return accessible ? null : h("span", { class: "badge warning", title: problem }, "offline");
}

customElements.define("side-bar", SideBar);
