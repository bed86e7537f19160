/**
 * The dashboard: one area at a time, below a bar with its name.
 *
 * Neighbours: the store says which area, areas.js names them, each area has a module of its own.
 * While it is in sight, the log is listened to.
 */

import { button, h, iconButton } from "../dom.js";
import { isListing } from "../place.js";
import { AccessArea } from "./access-area.js";
import { AREAS, allowedAreas, mayWith } from "./areas.js";
import { DeliveriesArea } from "./deliveries-area.js";
import { EventsArea } from "./events-area.js";
import { NowArea } from "./now-area.js";
import { OrganizersArea } from "./organizers-area.js";
import { PastArea } from "./past-area.js";
import { PeopleArea } from "./people-area.js";
import { ServersArea } from "./servers-area.js";
import { SettingsArea } from "./settings-area.js";
import { UndoArea } from "./undo-area.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("../types.js").State} State */

/** @type {Record<string, new (app: App) => import("./area.js").Area>} */
const MADE = {
  now: NowArea,
  people: PeopleArea,
  servers: ServersArea,
  deliveries: DeliveriesArea,
  events: EventsArea,
  past: PastArea,
  undo: UndoArea,
  organizers: OrganizersArea,
  access: AccessArea,
  settings: SettingsArea,
};

/** What is asked in one area is not answered in another, where the back button may lead. */
function dialogs() {
  return /** @type {HTMLDialogElement[]} */ ([...document.querySelectorAll("dialog.dialog[open]")]);
}

export class DashBoard extends HTMLElement {
  /**
   * @param {App} app
   * @param {{onMenu: () => void}} on
   */
  constructor(app, { onMenu }) {
    super();
    this.app = app;
    this.onMenu = onMenu;
    this.shown = "";
    /** @type {import("./area.js").Area | null} */
    this.area = null;
    this.heading = h("h1", {});
    this.again = button("Refresh", { icon: "refresh", onclick: () => this.area?.look() });
    this.main = h("main", { class: "board-main", tabindex: "-1" });
  }

  connectedCallback() {
    const menu = iconButton("menu", "Menu", { onclick: this.onMenu });
    menu.classList.add("menu-button", "drawer-only");
    const bar = h("div", { class: "board-bar", role: "banner" }, menu, this.heading, this.again);
    this.append(bar, this.main);
    this.app.store.watch(["place", "scopes"], (state) => this.#draw(state));
    this.app.store.watch(["connection"], ({ connection }) => {
      this.again.hidden = connection !== "deaf";
    });
  }

  /** Puts the cursor into the first field of the area. */
  focusSearch() {
    /** @type {HTMLElement | null} */ (this.main.querySelector("input[type=search]"))?.focus();
  }

  /** @param {State} state */
  #draw({ place, scopes }) {
    const isAllowed = allowedAreas(scopes).some(({ area }) => area === place.area);
    const wanted = isListing(place.area) || scopes.length === 0 ? "" : place.area;
    const name = AREAS.find(({ area }) => area === wanted)?.text;
    if (name) {
      this.heading.textContent = name;
      document.title = `${name} – Playhead`;
    }
    if (wanted === this.shown) {
      this.area?.moved();
      return;
    }
    if (this.shown) for (const left of dialogs()) left.close();
    this.shown = wanted;
    this.#listen(wanted, scopes);
    const Made = isAllowed && wanted ? MADE[wanted] : undefined;
    this.area = Made ? new Made(this.app) : null;
    const refusal = h("p", { class: "none" }, "Your credential does not allow you to see this.");
    this.main.replaceChildren(...(this.area ? [this.area] : wanted ? [refusal] : []));
    this.main.scrollTop = 0;
  }

  /**
   * The log is listened to while the dashboard is in sight, or when there is nothing else to hear.
   *
   * @param {string} wanted
   * @param {string[]} scopes
   */
  #listen(wanted, scopes) {
    if (!mayWith(scopes, "audit") && !mayWith(scopes, "play")) return;
    if (wanted) this.app.log.start();
    else if (mayWith(scopes, "media")) this.app.log.stop();
  }
}

customElements.define("dash-board", DashBoard);
