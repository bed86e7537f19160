/**
 * The questions for a new user or token.
 *
 * Neighbours: dialogs.js shows them, access-area.js asks them. Must never talk to the daemon.
 */

import { ask, field } from "../dialogs.js";
import { h } from "../dom.js";

const NAME_LENGTH_MAX = 128;
const PASSWORD_LENGTH_MAX = 1024;
const LABEL_LENGTH_MAX = 128;

const SCOPES = /** @type {const} */ ([
  ["play", "Positions: report and resume"],
  ["media", "Files: see, upload, sort"],
  ["audit", "Look at servers, deliveries and events"],
  ["metrics", "Read the metrics"],
  ["webhook", "Send notifications"],
  ["admin", "Everything"],
]);

/**
 * @param {string[]} chosen
 * @returns {{content: HTMLElement, read: () => string[]}}
 */
function scopeChoice(chosen) {
  const boxes = SCOPES.map(([scope]) =>
    h("input", { type: "checkbox", value: scope, checked: chosen.includes(scope) }),
  );
  const labels = SCOPES.map(([scope, text], index) =>
    h("label", { class: "choice" }, boxes[index], h("span", {}, `${scope} – ${text}`)),
  );
  const legend = h("legend", { class: "field-label" }, "May");
  return {
    content: h("fieldset", { class: "scope-choice" }, legend, ...labels),
    read: () => boxes.filter(({ checked }) => checked).map(({ value }) => value),
  };
}

/**
 * @param {{name: string, scopes: string[]} | null} known - Somebody who is to be changed.
 * @param {{isFirst: boolean}} how - The first one has to administer.
 * @returns {Promise<{name: string, password: string, scopes: string[]} | null>}
 */
export function askForUser(known, { isFirst }) {
  const name = h("input", {
    class: "input",
    required: true,
    maxlength: NAME_LENGTH_MAX,
    autocomplete: "off",
    autofocus: !known,
    value: known?.name ?? "",
    readonly: known !== null,
  });
  const password = h("input", {
    class: "input",
    type: "password",
    required: true,
    maxlength: PASSWORD_LENGTH_MAX,
    autocomplete: "new-password",
  });
  const scopes = scopeChoice(known?.scopes ?? [isFirst ? "admin" : "play"]);
  const fields = [field("Name", name), field("Password", password), scopes.content];
  return ask({
    title: known ? `Change ${known.name}` : "Add a user",
    text: isFirst ? "The first user must be an administrator. Then everybody has to sign in." : "",
    content: h("div", { class: "fields" }, ...fields),
    accept: known ? "Change" : "Add",
    read: () => {
      const chosen = scopes.read();
      if (chosen.length === 0) return null;
      return { name: name.value.trim(), password: password.value, scopes: chosen };
    },
  });
}

/**
 * @param {string[]} names - Of those for whom there may be one.
 * @param {{isFirst: boolean}} how
 * @returns {Promise<{user: string, label: string, scopes: string[]} | null>}
 */
export function askForToken(names, { isFirst }) {
  const list = h(
    "datalist",
    { id: "token-users" },
    ...names.map((value) => h("option", { value })),
  );
  const user = h("input", {
    class: "input",
    required: true,
    maxlength: NAME_LENGTH_MAX,
    autocomplete: "off",
    list: "token-users",
    autofocus: true,
  });
  const label = h("input", {
    class: "input",
    maxlength: LABEL_LENGTH_MAX,
    autocomplete: "off",
    placeholder: "mpv in the living room",
  });
  const scopes = scopeChoice([isFirst ? "admin" : "play"]);
  const fields = [field("User", user), field("What for", label), scopes.content, list];
  return ask({
    title: "Add a token",
    content: h("div", { class: "fields" }, ...fields),
    accept: "Add",
    read: () => {
      const chosen = scopes.read();
      if (chosen.length === 0) return null;
      return { user: user.value.trim(), label: label.value.trim(), scopes: chosen };
    },
  });
}
