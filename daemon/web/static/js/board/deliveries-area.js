/**
 * What servers have still to be told: due, waiting with the reason and the next try, parked.
 *
 * Neighbours: the log tells when something changes. Each list is a page at a time; retry and
 * discard are offered to administrators.
 */

import { confirm } from "../dialogs.js";
import { button, h } from "../dom.js";
import { count, plural } from "../format.js";
import { attempt, tell } from "../toasts.js";
import { Area, nothing } from "./area.js";
import { mayWith } from "./areas.js";
import { board } from "./board-api.js";
import { eventLink, showExplanation } from "./explanation.js";
import { Rows } from "./rows.js";
import { when } from "./words.js";

/** @typedef {import("./shapes.js").Delivery} Delivery */
/** @typedef {import("./shapes.js").Queue} Queue */

const PAGE = 50;

/** The lists: what the daemon calls them, and what the page does. */
const LISTS = /** @type {const} */ ([
  {
    status: "pending",
    title: "Due",
    none: "Nothing is due: every server has been told.",
    total: (/** @type {Queue} */ queue) => queue.pending_events,
  },
  {
    status: "waiting",
    title: "Waiting for a title",
    none: "Nothing waits for a server to get its title.",
    total: (/** @type {Queue} */ queue) => queue.waiting_for_item_events,
  },
  {
    status: "failed",
    title: "Parked",
    none: "Nothing was given up.",
    total: (/** @type {Queue} */ queue) => queue.failed_events,
  },
]);

export class DeliveriesArea extends Area {
  /** @param {import("../types.js").App} app */
  constructor(app) {
    super(app);
    this.mayAct = mayWith(this.app.store.state.scopes, "admin");
    this.figures = h("p", { class: "figures", role: "status" });
    this.parts = LISTS.map((list) => this.#part(list));
    this.append(this.state, this.figures, ...this.parts.map(({ section }) => section));
  }

  get concerned() {
    return /^(delta|brake|server|items|daemon)\./;
  }

  /** @param {typeof LISTS[number]} list */
  #part({ status, title, none, total }) {
    /** @type {number[]} - The ids that the pages before end with. */
    const pages = [];
    const rows = h("ul", { class: "tiles" });
    const amount = h("span", { class: "amount" });
    const empty = nothing(none);
    empty.hidden = true;
    const back = button("Page before", { class: "button small" });
    const on = button("Next page", { class: "button small" });
    const section = h(
      "section",
      { class: "part", "aria-label": title },
      h("h2", {}, title, " ", amount),
      empty,
      rows,
      h("div", { class: "pager" }, back, on),
    );
    const made = new Rows(rows, (/** @type {Delivery} */ one) => this.#row(one));
    const part = { status, total, pages, section, amount, empty, back, on, rows: made, last: 0 };
    const turn = (/** @type {boolean} */ isNext) => () => {
      if (isNext) pages.push(part.last);
      else pages.pop();
      this.look();
    };
    back.addEventListener("click", turn(false));
    on.addEventListener("click", turn(true));
    return part;
  }

  async load() {
    const lists = this.parts.map(({ status, pages }) => {
      const after = pages.at(-1) ?? 0;
      const query = { limit: String(PAGE), after: String(after) };
      return board.deliveries(status, query, this.signal);
    });
    const [queue, ...found] = await Promise.all([board.queue(this.signal), ...lists]);
    return { queue, found };
  }

  /** @param {{queue: Queue, found: Delivery[][]}} data */
  show({ queue, found }) {
    const { backoff_events, processing_events, unread_events } = queue;
    const figures = this.figures;
    figures.textContent =
      `${count(processing_events)} being written · ${count(backoff_events)} put off` +
      ` · ${count(unread_events)} unread`;
    this.parts.forEach((part, index) => {
      const list = found[index] ?? [];
      const { pages } = part;
      part.rows.show(list, ({ id }) => id);
      part.amount.textContent = count(part.total(queue));
      part.empty.hidden = list.length > 0;
      part.back.hidden = pages.length === 0;
      part.on.hidden = list.length < PAGE;
      part.last = list.at(-1)?.id ?? 0;
      if (list.length === 0 && pages.pop() !== undefined) this.lookSoon(); // all of it was done
    });
  }

  /** @param {Delivery} one */
  #row(one) {
    const { id, item_name, item_id, media, username, target_server, source_server } = one;
    const title = item_name || item_id || "Account";
    const explain = button("Explain", {
      class: "button quiet small",
      "aria-label": `Explain ${title} of ${username}`,
      onclick: () => showExplanation(this.app, media, { user: username }),
    });
    return h(
      "li",
      { class: "tile delivery", "data-status": one.status },
      h(
        "div",
        { class: "tile-head" },
        h("strong", {}, title),
        h("span", { class: "badge" }, one.event_types.join(", ")),
        one.backoff ? h("span", { class: "badge warning" }, "put off") : null,
      ),
      h(
        "small",
        {},
        `${username} · ${source_server || "?"} → ${target_server} · planned `,
        when(one.created_at),
        " · ",
        eventLink(this.app, id),
      ),
      this.#reason(one),
      h("div", { class: "tile-buttons" }, ...this.#buttons(one, title), media ? explain : null),
    );
  }

  /** @param {Delivery} one */
  #reason({ last_error, next_retry_at, status, retry_count, item_not_found_count, ...rest }) {
    const tries = retry_count > 0 ? `Tried ${plural(retry_count, "time")}. ` : "";
    const most = rest.item_not_found_max < 0 ? "" : ` of ${count(rest.item_not_found_max)}`;
    const looked =
      status === "waiting_for_item" && item_not_found_count > 0
        ? `Looked for it: ${count(item_not_found_count)}${most}. `
        : "";
    const reason =
      last_error ?? (status === "waiting_for_item" ? "The server lacks the title." : "");
    if (!tries && !looked && !reason && !next_retry_at) return null;
    const next = next_retry_at ? h("span", {}, " Next try: ", when(next_retry_at), ".") : null;
    return h("p", { class: "reason" }, `${tries}${looked}${reason}`, next);
  }

  /**
   * @param {Delivery} one
   * @param {string} title
   */
  #buttons({ id, target_server }, title) {
    if (!this.mayAct) return [];
    const retry = async () => {
      const done = await attempt(() => board.retry(id));
      if (done) tell(`${title} is tried again on ${target_server}.`);
      this.lookSoon();
    };
    const discard = async () => {
      const isSure = await confirm({
        title: "Discard this delivery?",
        text: `${target_server} keeps what it has about ${title}. The log keeps what was meant.`,
        accept: "Discard",
        isDangerous: true,
      });
      if (!isSure) return;
      const done = await attempt(() => board.discard(id));
      if (done) tell(`${title} is not written to ${target_server}.`);
      this.lookSoon();
    };
    const quiet = "button small";
    return [
      button("Retry now", { class: quiet, "aria-label": `Retry ${title}`, onclick: retry }),
      button("Discard", { class: quiet, "aria-label": `Discard ${title}`, onclick: discard }),
    ];
  }
}

customElements.define("deliveries-area", DeliveriesArea);
