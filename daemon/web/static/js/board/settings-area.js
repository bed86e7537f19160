/**
 * The settings as the daemon read them, those first that somebody changed; secrets are masked.
 *
 * Neighbours: the daemon reads its configuration when it starts, so this is looked at once, and
 * again after a restart.
 */

import { h } from "../dom.js";
import { plural } from "../format.js";
import { Area, nothing } from "./area.js";
import { board } from "./board-api.js";

/** @typedef {import("./shapes.js").Setting} Setting */

export class SettingsArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    /** @type {Setting[]} */
    this.settings = [];
    this.input = h("input", {
      class: "input",
      type: "search",
      placeholder: "Search settings",
      "aria-label": "Search settings",
      autocomplete: "off",
      oninput: () => this.#draw(),
    });
    this.amount = h("p", { class: "figures", role: "status" });
    this.none = nothing("No setting matches.");
    this.none.hidden = true;
    this.list = h("ul", { class: "settings" });
    const bar = h("div", { class: "area-bar" }, this.input, this.amount);
    this.append(bar, this.state, this.none, this.list);
  }

  get concerned() {
    return /^daemon\.started$/;
  }

  async load() {
    return board.settings();
  }

  /** @param {{settings: Setting[]}} answer */
  show({ settings }) {
    const rank = (/** @type {Setting} */ { is_default }) => (is_default ? 1 : 0);
    this.settings = [...settings].sort((one, other) => rank(one) - rank(other));
    this.#draw();
  }

  #draw() {
    const { settings } = this;
    const wanted = this.input.value.trim().toLowerCase();
    const found = (settings ?? []).filter(({ key, meaning, value }) =>
      `${key} ${meaning} ${value}`.toLowerCase().includes(wanted),
    );
    const changed = found.filter(({ is_default }) => !is_default).length;
    this.amount.textContent = `${plural(found.length, "setting")}, ${changed} changed`;
    this.none.hidden = found.length > 0 || !this.settings.length;
    this.list.replaceChildren(...found.map(settingRow));
  }
}

/** @param {Setting} setting */
function settingRow({ key, value, default: usual, meaning, is_default }) {
  return h(
    "li",
    { class: "setting" },
    h(
      "div",
      { class: "tile-head" },
      h("span", { class: "code setting-key" }, key),
      is_default ? null : h("span", { class: "badge good" }, "changed"),
    ),
    h("span", { class: "code setting-value" }, value),
    h("small", {}, meaning, is_default || usual === "required" ? "" : ` By default ${usual}.`),
  );
}

customElements.define("settings-area", SettingsArea);
