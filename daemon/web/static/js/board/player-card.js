/**
 * One player of this machine: whether it is connected, what it plays, and its playlist.
 *
 * Neighbours: servers-area.js lists them. A playlist is asked for when it is unfolded.
 */

import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { attempt, tell } from "../toasts.js";
import { mayWith } from "./areas.js";
import { board } from "./board-api.js";
import { facts, positionText, when } from "./words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("./shapes.js").Player} Player */

/** Entries of a playlist that are shown. */
const ENTRIES_SHOWN_MAX = 200;

/**
 * @param {Player} player
 * @param {App} app
 * @param {{lookAgain: () => void}} on
 */
export function playerCard(player, app, { lookAgain }) {
  const { name, user, state, connected, problem, playing, version, folder } = player;
  const mayAct = mayWith(app.store.state.scopes, "admin") && connected;
  const sync = async () => {
    const asked = await attempt(() => board.syncPlayer(name));
    if (asked) tell(`The playlist of ${name} is looked at.`);
    lookAgain();
  };
  const label = { class: "button small", "aria-label": `Bring the playlist of ${name} in line` };
  return h(
    "li",
    { class: "tile", "data-health": connected ? "good" : "bad" },
    h(
      "div",
      { class: "tile-head" },
      h("strong", {}, name),
      h("span", { class: connected ? "badge good" : "badge warning" }, state),
      playing ? h("span", { class: "badge" }, playing.paused ? "paused" : "playing") : null,
    ),
    h("small", {}, [user, version, folder].filter(Boolean).join(" · ")),
    problem ? h("p", { class: "reason" }, problem) : null,
    facts(figures(player)),
    playlist(player),
    mayAct
      ? h("div", { class: "tile-buttons" }, button("Bring in line", { ...label, onclick: sync }))
      : null,
  );
}

/**
 * @param {Player} player
 * @returns {[string, any][]}
 */
function figures({ playing, last, entries_count, files_count, since, synced_at }) {
  const at = playing && positionText(playing.position_s ?? 0, playing.duration_s);
  return [
    ["Plays", playing ? `${playing.name} at ${at}` : null],
    [
      "Played last",
      !playing && last ? h("span", {}, `${last.name}, opened `, when(last.opened_at)) : null,
    ],
    [
      "Playlist",
      `${plural(entries_count, "entry", "entries")}, ${plural(files_count, "file")} in its folder`,
    ],
    ["In line", when(synced_at)],
    ["Since", when(since)],
  ];
}

/** @param {Player} player */
function playlist({ name, entries_count }) {
  if (entries_count === 0) return null;
  const list = h("ol", { class: "playlist" });
  const details = h("details", {}, h("summary", {}, "Playlist"), list);
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    const answer = await attempt(() => board.playlist(name));
    if (!answer) return;
    const lines = answer.entries
      .slice(0, ENTRIES_SHOWN_MAX)
      .map((entry) => h("li", { "aria-current": entry.playing ? "true" : null }, entry.name));
    const more = answer.entries.length - lines.length;
    if (more > 0) lines.push(h("li", { class: "none" }, `and ${count(more)} more`));
    list.replaceChildren(...lines);
  });
  return details;
}
