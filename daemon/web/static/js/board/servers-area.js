/**
 * How the servers are, and the players of this machine.
 *
 * Neighbours: server-card.js and player-card.js draw one. Everything is as the daemon knew it when
 * it was asked; nobody is asked for the sake of this page.
 */

import { h } from "../dom.js";
import { bytes, count, plural } from "../format.js";
import { Area, nothing, part } from "./area.js";
import { board } from "./board-api.js";
import { playerCard } from "./player-card.js";
import { Rows } from "./rows.js";
import { serverCard } from "./server-card.js";
import { spanText } from "./words.js";

/** @typedef {import("./shapes.js").Status} Status */
/** @typedef {import("./shapes.js").Player} Player */
/** @typedef {import("./shapes.js").LogEvent} LogEvent */

const TICK_MS = 1000;

const STATES = {
  healthy: "All is well",
  degraded: "Some servers do not answer",
  unhealthy: "No server answers, or nothing can be recorded",
};

export class ServersArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    const servers = h("ul", { class: "tiles is-wide" });
    const players = h("ul", { class: "tiles is-wide" });
    const lookAgain = () => this.lookSoon();
    this.servers = new Rows(servers, (one) => serverCard(one, this.app, { lookAgain }));
    this.players = new Rows(players, (one) => playerCard(one, this.app, { lookAgain }));
    this.overall = h("div", { class: "overall" });
    this.noServer = nothing("No server is configured.");
    this.noPlayer = nothing("No player is configured.");
    this.noServer.hidden = this.noPlayer.hidden = true;
    this.append(
      this.state,
      this.overall,
      part("Servers", this.noServer, servers),
      part("Players on this machine", this.noPlayer, players),
    );
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    this.signal.addEventListener("abort", () => clearInterval(ticking));
  }

  get concerned() {
    return /^(server|brake|sweep|accounts|items|player|daemon|delta|webhook|socket|pokes)\./;
  }

  /** @param {LogEvent} event - A player of this machine tells where it is. */
  concerns(event) {
    const isPlayer = event.type === "position.reported" && event.source === "mpv";
    return isPlayer || super.concerns(event);
  }

  async load() {
    const [status, players] = await Promise.all([board.status(), board.players()]);
    return { status, players };
  }

  /** @param {{status: Status, players: Player[]}} data */
  show({ status, players }) {
    this.#drawOverall(status);
    this.servers.show(status.servers, ({ name }) => name);
    this.players.show(players.map(still), ({ name }) => name);
    for (const card of this.querySelectorAll(".player")) {
      const { name } = /** @type {any} */ (card);
      /** @type {any} */ (card).follow(players.find((player) => player.name === name));
    }
    this.noServer.hidden = status.servers.length > 0;
    this.noPlayer.hidden = players.length > 0;
  }

  #tick() {
    if (document.hidden) return;
    for (const card of this.querySelectorAll(".player")) /** @type {any} */ (card).tick();
  }

  /** @param {Status} status */
  #drawOverall({ status, version, uptime_seconds, dry_run, database, sync_stats }) {
    const kind = status === "healthy" ? "badge good" : "badge warning";
    const { successful, failed } = sync_stats;
    const written = `${plural(successful, "change")} written, ${count(failed)} not`;
    const words = [
      `Playhead ${version}, up ${spanText(uptime_seconds)}`,
      written,
      bytes(database.database_size_bytes),
    ];
    this.overall.replaceChildren(
      h("span", { class: kind }, STATES[status]),
      dry_run ? h("span", { class: "badge warning" }, "Dry run: nothing is written") : "",
      h("small", {}, words.join(" · ")),
    );
  }
}

/**
 * A player without where it is: that alone is no reason to draw it anew.
 *
 * @param {Player} player
 * @returns {Player}
 */
function still(player) {
  const { playing } = player;
  return { ...player, playing: playing && { ...playing, position_s: null } };
}

customElements.define("servers-area", ServersArea);
