/**
 * Who may use the daemon: users with passwords, and tokens, whose secret is shown once.
 *
 * Neighbours: access-questions.js asks for new ones. Nothing here is in the log, so the list is
 * looked at again after each change made here.
 */

import { confirm, inform } from "../dialogs.js";
import { button, h } from "../dom.js";
import { plural } from "../format.js";
import { attempt, tell } from "../toasts.js";
import { askForToken, askForUser } from "./access-questions.js";
import { Area, nothing, part } from "./area.js";
import { board } from "./board-api.js";
import { Rows } from "./rows.js";
import { when } from "./words.js";

/** @typedef {import("./shapes.js").Access} Access */

/** The daemon takes up to a second to ask everybody to sign in; the page is loaded anew then. */
const CLOSED_MS = 1500;

export class AccessArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    const users = h("ul", { class: "tiles" });
    const tokens = h("ul", { class: "tiles" });
    this.open = h("p", { class: "held", hidden: true }, OPEN_TEXT);
    this.noUser = nothing("Nobody has a password.");
    this.noToken = nothing("There is no token.");
    this.noUser.hidden = this.noToken.hidden = true;
    this.users = new Rows(users, (user) => this.#user(user));
    this.tokens = new Rows(tokens, (token) => this.#token(token));
    const addUser = button("Add a user", { icon: "plus", onclick: () => this.#addUser() });
    const addToken = button("Add a token", { icon: "plus", onclick: () => this.#addToken() });
    this.append(
      this.state,
      this.open,
      part("Users", this.noUser, users, addUser),
      part("Tokens", this.noToken, tokens, addToken),
    );
  }

  async load() {
    return board.access();
  }

  /** @param {Access} access */
  show(access) {
    this.access = access;
    const { users, tokens, open } = access;
    this.open.hidden = !open;
    this.noUser.hidden = users.length > 0;
    this.noToken.hidden = tokens.length > 0;
    this.users.show(users, (/** @type {Access["users"][number]} */ { name }) => name);
    this.tokens.show(tokens, (/** @type {Access["tokens"][number]} */ { id }) => id);
  }

  /** @param {Access["users"][number]} user */
  #user({ name, scopes, configured }) {
    const change = button("Change", {
      class: "button small",
      "aria-label": `Change ${name}`,
      onclick: () => this.#addUser({ name, scopes }),
    });
    const remove = button("Remove", {
      class: "button small",
      "aria-label": `Remove ${name}`,
      onclick: () => this.#removeUser(name),
    });
    const buttons = h("div", { class: "tile-buttons" }, change, remove);
    return userTile(
      name,
      scopes,
      configured ? h("small", {}, "Set by the configuration") : null,
      configured ? null : buttons,
    );
  }

  /** @param {Access["tokens"][number]} token */
  #token({ id, user, label, scopes, created }) {
    const name = label || id;
    const remove = button("Revoke", {
      class: "button small",
      "aria-label": `Revoke ${name}`,
      onclick: () => this.#removeToken(id, name),
    });
    const about = h("small", {}, `of ${user} · ${id} · made `, when(created));
    return userTile(name, scopes, about, h("div", { class: "tile-buttons" }, remove));
  }

  /** @param {{name: string, scopes: string[]}} [known] */
  async #addUser(known) {
    const wasOpen = this.access?.open ?? false;
    const wanted = await askForUser(known ?? null, { isFirst: wasOpen });
    if (!wanted) return;
    const made = await attempt(() => board.putUser(wanted));
    if (!made) return;
    tell(known ? `${wanted.name} is changed.` : `${wanted.name} may sign in now.`);
    if (wasOpen) setTimeout(() => location.reload(), CLOSED_MS);
    else this.look();
  }

  async #addToken() {
    const { users = [], tokens = [], open = false } = this.access ?? {};
    const names = [
      ...new Set([...users.map(({ name }) => name), ...tokens.map(({ user }) => user)]),
    ];
    const wanted = await askForToken(names, { isFirst: open });
    if (!wanted) return;
    const made = await attempt(() => board.makeToken(wanted));
    if (!made) return;
    showSecret(made.secret);
    this.look();
  }

  /** @param {string} name */
  async #removeUser(name) {
    const isSure = await confirm({
      title: `Remove ${name}?`,
      text: "They cannot sign in any more, and their tokens stop working. Their positions stay.",
      accept: "Remove",
      isDangerous: true,
    });
    if (!isSure) return;
    const gone = await attempt(() => board.removeUser(name));
    if (gone) tell(`${name} is gone, and ${plural(gone.tokens, "token")}.`);
    this.look();
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  async #removeToken(id, name) {
    const isSure = await confirm({
      title: `Revoke ${name}?`,
      text: "Whatever uses it is refused within a second.",
      accept: "Revoke",
      isDangerous: true,
    });
    if (!isSure) return;
    const gone = await attempt(() => board.removeToken(id));
    if (gone) tell(`${name} is revoked.`);
    this.look();
  }
}

const OPEN_TEXT =
  "Nobody needs to sign in: everybody on this machine may do everything. From the first user or " +
  "token on everybody has to.";

/**
 * @param {string} name
 * @param {string[]} scopes
 * @param {Node | null} about
 * @param {Node | null} buttons
 */
function userTile(name, scopes, about, buttons) {
  const badges = scopes.map((scope) => h("span", { class: "badge" }, scope));
  const head = h("div", { class: "tile-head" }, h("strong", {}, name), ...badges);
  return h(
    "li",
    { class: "tile access-row" },
    h("div", { class: "access-text" }, head, about),
    buttons,
  );
}

/** @param {string} secret */
function showSecret(secret) {
  const field = h("input", {
    class: "input code",
    readonly: true,
    value: secret,
    "aria-label": "Secret",
  });
  const copy = button("Copy", {
    icon: "copy",
    onclick: async () => {
      field.select();
      await navigator.clipboard?.writeText(secret).catch(() => undefined);
      tell("Copied, or selected where copying is not allowed.");
    },
  });
  const text = h(
    "p",
    { class: "dialog-text" },
    "Copy it now: it is kept nowhere and cannot be shown again.",
  );
  inform(
    "The new token's secret",
    h("div", { class: "fields" }, text, h("div", { class: "secret" }, field, copy)),
  );
}

customElements.define("access-area", AccessArea);
