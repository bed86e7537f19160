/**
 * The areas of the dashboard: their names, in the order in which they are listed and numbered.
 *
 * Neighbours: the side bar and the keys lead to them, board.js shows them, place.js knows their
 * addresses.
 */

/**
 * @typedef {object} AreaName
 * @property {import("../types.js").Area} area
 * @property {string} text
 * @property {string} picture
 * @property {string} scope - Without it the daemon tells nothing of this.
 */

/** @type {AreaName[]} - Ten at most: each has a key. */
export const AREAS = [
  { area: "now", text: "Now", picture: "play", scope: "play" },
  { area: "people", text: "People", picture: "people", scope: "admin" },
  { area: "servers", text: "Servers and players", picture: "server", scope: "audit" },
  { area: "deliveries", text: "Deliveries", picture: "send", scope: "audit" },
  { area: "events", text: "Events", picture: "pulse", scope: "audit" },
  { area: "past", text: "Past", picture: "clock", scope: "audit" },
  { area: "undo", text: "Undo", picture: "restore", scope: "admin" },
  { area: "organizers", text: "Organizers", picture: "folder", scope: "admin" },
  { area: "access", text: "Users and tokens", picture: "key", scope: "admin" },
  { area: "settings", text: "Settings", picture: "sliders", scope: "admin" },
];

/**
 * Whether a credential with these scopes may do what needs `scope`.
 *
 * @param {string[]} scopes
 * @param {string} scope
 */
export function mayWith(scopes, scope) {
  return scopes.includes(scope) || scopes.includes("admin");
}

/**
 * The areas that somebody may see.
 *
 * @param {string[]} scopes
 */
export function allowedAreas(scopes) {
  return AREAS.filter(({ scope }) => mayWith(scopes, scope));
}
