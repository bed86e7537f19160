/**
 * Titles that are watched, as rows: with a bar that moves while they play.
 *
 * Neighbours: now-area.js and people-area.js show them, explanation.js tells more about one. Must
 * never ask the daemon where a title is: that it plays on is known.
 */

import { daemonTime } from "../api.js";
import { button, h, icon } from "../dom.js";
import { mayWith } from "./areas.js";
import { showExplanation } from "./explanation.js";
import { msOf, positionText, when } from "./words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("./shapes.js").Watched} Watched */

const MS_PER_S = 1000;

/** Without news for so long something is taken to play no more, as the daemon does. */
export const NOW_MS = 120_000;

/**
 * What tells one from the others.
 *
 * @param {Watched} watched
 */
export function watchKey({ user, media, device }) {
  return JSON.stringify([user, media, device]);
}

/**
 * @param {Watched} watched
 * @param {App} app
 * @param {{withUser: boolean}} how
 */
export function watchRow(watched, app, { withUser }) {
  const { title, user, device, kind, at, playing, paused, duration_s } = watched;
  const place = device === kind ? kind : `${kind} ${device || "unknown"}`;
  const state = playing ? (paused ? "Paused" : "Playing") : "";
  const bar = duration_s
    ? h("progress", { "aria-label": `Position in ${title}`, max: duration_s })
    : null;
  const text = h("span", { class: "watch-position" });
  const mayExplain = mayWith(app.store.state.scopes, "audit");
  const explain = button("Explain", {
    class: "button quiet small",
    "aria-label": `Explain ${title} of ${user}`,
    onclick: () => showExplanation(app, watched.media, { user }),
  });
  const row = h(
    "li",
    { class: "watch", "data-state": state.toLowerCase() || "left" },
    h(
      "div",
      { class: "watch-head" },
      icon(state === "Playing" ? "play" : state ? "pause" : "clock"),
      h("strong", {}, title),
      state ? h("span", { class: "badge" }, state) : null,
      mayExplain ? explain : null,
    ),
    h("small", {}, withUser ? `${user} · ` : "", place, " · ", when(at)),
    h("div", { class: "watch-progress" }, bar, text),
  );
  row.tick = () => {
    const position_s = positionNow(watched);
    if (bar) bar.value = position_s;
    text.textContent = positionText(position_s, duration_s);
  };
  row.tick();
  return row;
}

/**
 * Where somebody is by now: what plays has gone on since it was told of.
 *
 * @param {Watched} watched
 */
function positionNow({ playing, paused, position_s, duration_s, at }) {
  if (!playing || paused) return position_s;
  const gone_s = Math.max(0, (daemonTime() - msOf(at)) / MS_PER_S);
  const now_s = position_s + Math.min(gone_s, NOW_MS / MS_PER_S);
  return duration_s ? Math.min(now_s, duration_s) : now_s;
}
