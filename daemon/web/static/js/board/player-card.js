/**
 * One player of this machine: whether it is connected, what it plays, and its playlist.
 *
 * Neighbours: servers-area.js lists them. A playlist is asked for when it is unfolded. Where a
 * player is goes on by itself while it plays.
 */

import { daemonTime } from "../api.js";
import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { attempt, tell } from "../toasts.js";
import { mayWith } from "./areas.js";
import { board } from "./board-api.js";
import { facts, positionText, when } from "./words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("./shapes.js").Player} Player */
/** @typedef {NonNullable<Player["playing"]>} Playing */

/** Entries of a playlist that are shown. */
const ENTRIES_SHOWN_MAX = 200;

const MS_PER_S = 1000;

/**
 * The card has two ways to be told more: `follow` of where the player is, and `tick` of time.
 *
 * @param {Player} player
 * @param {App} app
 * @param {{lookAgain: () => void}} on
 */
export function playerCard(player, app, { lookAgain }) {
  const { name, user, state, connected, problem, playing, version, folder } = player;
  const told = [user, version && `mpv ${version}`, folder];
  const mayAct = mayWith(app.store.state.scopes, "admin") && connected;
  const sync = async () => {
    const asked = await attempt(() => board.syncPlayer(name));
    if (asked) tell(`The playlist of ${name} is looked at.`);
    lookAgain();
  };
  const label = { class: "button small", "aria-label": `Bring the playlist of ${name} in line` };
  const progress = playing ? progressOf(playing) : null;
  const card = h(
    "li",
    { class: "tile player", "data-health": connected ? "good" : "bad" },
    h(
      "div",
      { class: "tile-head" },
      h("strong", {}, name),
      h("span", { class: connected ? "badge good" : "badge warning" }, state),
      playing ? h("span", { class: "badge" }, playing.paused ? "paused" : "playing") : null,
    ),
    h("small", {}, told.filter(Boolean).join(" · ")),
    problem ? h("p", { class: "reason" }, problem) : null,
    progress?.element,
    facts(figures(player)),
    playlist(player),
    mayAct
      ? h("div", { class: "tile-buttons" }, button("Bring in line", { ...label, onclick: sync }))
      : null,
  );
  card.name = name;
  card.follow = (/** @type {Player | undefined} */ now) => progress?.follow(now?.playing ?? null);
  card.tick = () => progress?.tick();
  return card;
}

/**
 * What is played, with a bar that goes on.
 *
 * @param {Playing} playing
 */
function progressOf({ name, duration_s }) {
  const text = h("span", { class: "watch-position" });
  const bar = duration_s
    ? h("progress", { "aria-label": `Position in ${name}`, max: duration_s })
    : null;
  let from = { position_s: 0, paused: true, asked_ms: 0 };
  const tick = () => {
    const gone_s = from.paused ? 0 : Math.max(0, (daemonTime() - from.asked_ms) / MS_PER_S);
    const position_s = Math.min(from.position_s + gone_s, duration_s ?? Number.POSITIVE_INFINITY);
    if (bar) bar.value = position_s;
    text.textContent = positionText(position_s, duration_s);
  };
  const follow = (/** @type {Playing | null} */ now) => {
    if (!now) return;
    from = { position_s: now.position_s ?? 0, paused: now.paused, asked_ms: daemonTime() };
    tick();
  };
  const element = h(
    "div",
    { class: "player-plays" },
    h("strong", {}, name),
    h("div", { class: "watch-progress" }, bar, text),
  );
  return { element, follow, tick };
}

/**
 * @param {Player} player
 * @returns {[string, any][]}
 */
function figures(player) {
  const { playing, last, folder, connected, entries_count, files_count, ...rest } = player;
  const files = folder ? `, ${plural(files_count, "file")} in its folder` : "";
  return [
    [
      "Played last",
      !playing && last ? h("span", {}, `${last.name}, opened `, when(last.opened_at)) : null,
    ],
    [
      "Playlist",
      connected || folder ? `${plural(entries_count, "entry", "entries")}${files}` : null,
    ],
    ["Last in line", folder ? when(rest.synced_at) : null],
    [connected ? "Connected" : "Away", h("span", {}, "since ", when(rest.since))],
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
