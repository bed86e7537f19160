/**
 * What everybody may go on with, across all servers and players.
 *
 * Neighbours: watching.js draws the rows. Some people at a time: each is a question of its own.
 */

import { button, h } from "../dom.js";
import { plural } from "../format.js";
import { Area, nothing } from "./area.js";
import { board } from "./board-api.js";
import { Rows } from "./rows.js";
import { watchRow } from "./watching.js";

/** @typedef {import("./shapes.js").Watched} Watched */
/** @typedef {{name: string, watched: Watched[]}} Person */

const PEOPLE_AT_ONCE = 12;
const TITLES_MAX = 30;

/** Titles of one person that are shown before more are asked for. */
const TITLES_SHOWN = 4;

export class PeopleArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    this.wanted = PEOPLE_AT_ONCE;
    const list = h("div", { class: "people" });
    this.rows = new Rows(list, (person) => this.#person(person));
    this.more = button("More people", { onclick: () => this.#wantMore() });
    this.more.hidden = true;
    this.none = nothing("Nobody has watched anything yet.");
    this.none.hidden = true;
    this.append(this.state, this.none, list, this.more);
  }

  get concerned() {
    return /^(position|userdata|accounts|delta\.delivered)/;
  }

  async load() {
    const { people } = await board.people(this.signal);
    const some = people.slice(0, this.wanted);
    const asked = some.map(async ({ name }) => {
      const query = { user: name, limit: String(TITLES_MAX) };
      return { name, watched: (await board.goOn(query, this.signal)).watched };
    });
    return { people: await Promise.all(asked), total: people.length };
  }

  /** @param {{people: Person[], total: number}} data */
  show({ people, total }) {
    this.rows.show(people, ({ name }) => name);
    this.more.hidden = people.length >= total;
    this.none.hidden = total > 0;
  }

  #wantMore() {
    this.wanted += PEOPLE_AT_ONCE;
    this.look();
  }

  /** @param {Person} person */
  #person({ name, watched }) {
    const rows = watched.map((one) => watchRow(one, this.app, { withUser: false }));
    const rest = rows.splice(TITLES_SHOWN);
    const more =
      rest.length > 0
        ? h(
            "details",
            {},
            h("summary", {}, plural(rest.length, "more title", "more titles")),
            h("ul", { class: "watches" }, ...rest),
          )
        : null;
    return h(
      "section",
      { class: "tile", "aria-label": name },
      h("h2", {}, name),
      watched.length === 0 ? nothing("Nothing was begun and left.") : null,
      h("ul", { class: "watches" }, ...rows),
      more,
    );
  }
}

customElements.define("people-area", PeopleArea);
