/**
 * The list of jobs for DaVinci Resolve: what each is about, who does it, how every file fared.
 *
 * Neighbours: jobs.js has them, actions.js cancels and tries again. Draws a job anew only when it
 * changed, so that what was unfolded stays so.
 */

import { button, h } from "./dom.js";
import { inform } from "./dialogs.js";
import { moment, plural } from "./format.js";
import { isOpen } from "./jobs.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Job} Job */

const MS_PER_S = 1000;

const STATES = {
  pending: "Waiting for an agent",
  claimed: "In work",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

const VERBS = new Map([
  ["import", "Import"],
  ["reveal_in_explorer", "Reveal"],
  ["relink", "Relink"],
  ["markers", "Markers of"],
]);

const OUTCOMES = new Map([
  ["imported", "imported"],
  ["present", "was there already"],
  ["revealed", "revealed"],
  ["relinked", "relinked"],
  ["marked", "markers set"],
  ["handed_off", "in the file to import"],
  ["missing", "not found on that machine"],
  ["unreadable", "cannot be read on that machine"],
  ["refused", "refused by Resolve"],
  ["skipped", "left out"],
]);

export class JobList extends HTMLElement {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
    /** @type {Map<string, {text: string, element: HTMLElement}>} */
    this.rows = new Map();
    this.none = h("p", { class: "none", role: "status" }, "Loading…");
    this.list = h("ul", { class: "job-list" });
    this.draw = () => this.#draw();
  }

  connectedCallback() {
    this.append(this.none, this.list);
    this.app.jobs.addEventListener("change", this.draw);
    if (this.app.jobs.isLoaded) this.#draw();
    this.app.jobs.look();
  }

  disconnectedCallback() {
    this.app.jobs.removeEventListener("change", this.draw);
  }

  #draw() {
    const { list } = this.app.jobs;
    this.none.textContent = "Nothing was opened in Resolve yet.";
    this.none.hidden = list.length > 0;
    const rows = list.map((job) => this.#row(job));
    const isSame = rows.every((row, index) => this.list.children[index] === row);
    if (!isSame || rows.length !== this.list.children.length) this.list.replaceChildren(...rows);
  }

  /** @param {Job} job */
  #row(job) {
    const text = JSON.stringify(job);
    const known = this.rows.get(job.id);
    if (known?.text === text) return known.element;
    const wasOpen = known?.element.querySelector("details")?.open ?? false;
    const element = this.#made(job);
    const details = element.querySelector("details");
    if (details) details.open = wasOpen;
    this.rows.set(job.id, { text, element });
    return element;
  }

  /** @param {Job} job */
  #made(job) {
    const head = h(
      "div",
      { class: "job-head" },
      h("strong", {}, titleOf(job)),
      h("span", { class: "badge", "data-state": job.status }, STATES[job.status]),
    );
    const said = [job.error, job.note].filter(Boolean).join(" ");
    return h(
      "li",
      { class: "job", "data-state": job.status },
      head,
      h("small", {}, circumstances(job)),
      said ? h("p", { class: job.status === "failed" ? "job-error" : "" }, said) : null,
      job.artifact ? h("p", { class: "code" }, job.artifact) : null,
      files(job),
      this.#buttons(job),
    );
  }

  /** @param {Job} job */
  #buttons(job) {
    const { actions } = this.app;
    const title = titleOf(job);
    const quiet = "button quiet small";
    const cancel = button("Cancel", {
      class: quiet,
      "aria-label": `Cancel: ${title}`,
      onclick: () => actions.cancelJob(job),
    });
    const retry = button("Try again", {
      class: quiet,
      "aria-label": `Try again: ${title}`,
      onclick: () => actions.retryJob(job),
    });
    const canRetry = job.status === "failed" || job.status === "cancelled";
    if (!isOpen(job) && !canRetry) return null;
    return h("div", { class: "job-buttons" }, isOpen(job) ? cancel : retry);
  }
}

/** @param {Job} job */
function titleOf({ mode, media_rel_paths, media_project }) {
  const verb = VERBS.get(mode) ?? mode;
  const [first = ""] = media_rel_paths;
  const name = first.slice(first.lastIndexOf("/") + 1);
  const what = media_rel_paths.length === 1 ? name : plural(media_rel_paths.length, "file");
  return `${verb} ${what} (${media_project})`;
}

/** @param {Job} job */
function circumstances({ resolve_project, claimed_by, host, attempts, attempts_max, created_at }) {
  const { mode, name } = resolve_project;
  const target = mode === "select" ? "the project that is open" : name;
  const worker = claimed_by ? `${claimed_by}${host ? ` on ${host}` : ""}` : "";
  const tries = attempts > 1 ? `attempt ${attempts} of ${attempts_max}` : "";
  const when = moment(new Date(created_at * MS_PER_S).toISOString());
  return [`into ${target}`, worker, tries, when].filter(Boolean).join(" · ");
}

/** @param {Job} job */
function files({ results }) {
  if (results.length === 0) return null;
  const lines = results.map(({ path, outcome, detail }) =>
    h(
      "li",
      { "data-outcome": outcome },
      h("span", { class: "code" }, path),
      h("small", {}, [OUTCOMES.get(outcome) ?? outcome, detail].filter(Boolean).join(": ")),
    ),
  );
  return h(
    "details",
    {},
    h("summary", {}, `How ${plural(results.length, "file")} fared`),
    h("ul", {}, ...lines),
  );
}

customElements.define("job-list", JobList);

/**
 * Shows the jobs until they are closed.
 *
 * @param {App} app
 */
export function showJobs(app) {
  inform("Jobs for Resolve", new JobList(app));
}
