/**
 * What can be done with files, projects and sources: ask, send, tell the outcome, offer a way back.
 *
 * Neighbours: buttons, menus and keys call it; api.js sends; the daemon's change events have the
 * listing looked at again. Must never act on anything but the files it is handed.
 */

import { api } from "./api.js";
import { confirm } from "./dialogs.js";
import { bytes, plural } from "./format.js";
import { showJobs } from "./job-list.js";
import { keyOf } from "./place.js";
import * as questions from "./questions.js";
import { attempt, tell, tellProblem } from "./toasts.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").LibraryItem} LibraryItem */
/** @typedef {import("./types.js").TrashItem} TrashItem */

/** Browsers ask, or give up, when a page starts more downloads than a person would. */
const DOWNLOADS_MAX = 30;
const DOWNLOAD_PAUSE_MS = 250;

/** From here on an order takes so long that one wonders whether it was heard. */
const MANY_FILES = 500;

/** Files of one job for Resolve, as the daemon limits it. */
const JOB_FILES_MAX = 1000;

export class Actions {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
  }

  /**
   * Moves files to the trash, after a yes, with a way back.
   *
   * @param {LibraryItem[]} items
   * @returns {Promise<boolean>} - Whether they are gone.
   */
  async trash(items) {
    if (items.length === 0) return false;
    const what = items.length === 1 ? `“${items[0]?.name}”` : plural(items.length, "file");
    const isMeant = await confirm({
      title: `Move ${what} to the trash?`,
      text: `${bytes(sizeOf(items))} in ${projectsText(items)}. They can be restored from there.`,
      accept: "Move to trash",
      isDangerous: true,
    });
    if (!isMeant) return false;
    tellOfMany(items, "Moving them to the trash…");
    const answers = await attempt(() => api.moveToTrash(items));
    if (!answers) return false;
    this.#left(items);
    const ids = answers.flatMap((answer) => answer.trash_ids);
    const undo = { action: "Undo", run: () => this.restore(ids) };
    tell(`${plural(ids.length, "file")} moved to the trash.`, undo);
    tellMissing(answers);
    return true;
  }

  /** @param {string[]} ids */
  async restore(ids) {
    const answers = await attempt(() => api.restore(ids));
    if (!answers) return;
    const restored = answers.flatMap((answer) => answer.restored);
    this.app.selection.clear();
    this.#changed();
    tell(`${plural(restored.length, "file")} restored.`);
    tellMissing(answers);
  }

  /** @param {TrashItem[]} items */
  async deleteForEver(items) {
    const isMeant = await confirm({
      title: `Delete ${plural(items.length, "file")} for ever?`,
      text: `${bytes(sizeOf(items))} become free. Nobody can bring them back.`,
      accept: "Delete for ever",
      isDangerous: true,
    });
    if (!isMeant) return;
    const answers = await attempt(() => api.deleteForEver(items.map((item) => item.id)));
    this.#emptied(answers ?? []);
  }

  /** Empties the trash in sight: of one source, or of all. */
  async emptyTrash() {
    const { source } = this.app.store.state.place;
    const isMeant = await confirm({
      title: source ? `Empty the trash of ${source}?` : "Empty the trash?",
      text: "Everything in it is deleted for ever. Nobody can bring it back.",
      accept: "Empty the trash",
      isDangerous: true,
    });
    if (!isMeant) return;
    const answer = await attempt(() => api.emptyTrash(source ? { source } : {}));
    this.#emptied(answer ? [answer] : []);
  }

  /** @param {{removed: number, bytes: number}[]} answers */
  #emptied(answers) {
    if (answers.length === 0) return;
    this.app.selection.clear();
    this.#changed();
    const freed = bytes(sum(answers, "bytes"));
    tell(`${plural(sum(answers, "removed"), "file")} deleted for ever, ${freed} freed.`);
  }

  /** @param {LibraryItem[]} items */
  async move(items) {
    const target = await questions.askForProject({
      title: `Move ${plural(items.length, "file")}`,
      text: `From ${projectsText(items)} to`,
      accept: "Move",
      projects: this.app.store.state.projects,
      onCreate: () => this.createProject(""),
    });
    if (target) await this.moveTo(items, target);
  }

  /**
   * @param {LibraryItem[]} items
   * @param {{source: string, name: string}} target
   */
  async moveTo(items, target) {
    const moving = items.filter((item) => !isIn(item, target));
    if (moving.length === 0) {
      tell(`They are in ${target.name} already.`);
      return;
    }
    tellOfMany(moving, `Moving them to ${target.name}…`);
    const answers = await attempt(() => api.move(moving, target));
    if (!answers) return;
    this.#left(moving);
    const duplicates = sum(answers, "duplicates");
    const known = duplicates > 0 ? ` ${plural(duplicates, "was", "were")} there already.` : "";
    tell(`${plural(sum(answers, "moved"), "file")} moved to ${target.name}.${known}`);
    tellMissing(answers);
  }

  /** @param {LibraryItem[]} items */
  async editTags(items) {
    const known = this.app.store.state.tags.map(({ tag }) => tag);
    const change = await questions.askForTags(items, known);
    if (change) await this.changeTags(items, change);
  }

  /**
   * @param {LibraryItem[]} items
   * @param {{add: string[], remove: string[]}} change
   */
  async changeTags(items, change) {
    tellOfMany(items, "Changing their tags…");
    const answers = await attempt(() => api.changeTags(items, change));
    if (!answers) return;
    this.#changed();
    this.app.reloadTags();
    if (items.length > 1) tell(`Tags of ${plural(items.length, "file")} changed.`);
    tellMissing(answers);
  }

  /** @param {LibraryItem[]} items */
  async download(items) {
    if (items.length > DOWNLOADS_MAX) {
      tell(`At most ${DOWNLOADS_MAX} files can be downloaded at once.`);
      return;
    }
    for (const { download_url, name } of items) {
      const link = document.createElement("a");
      link.href = download_url;
      link.download = name;
      link.click();
      await new Promise((resolve) => setTimeout(resolve, DOWNLOAD_PAUSE_MS));
    }
  }

  /** @param {LibraryItem[]} items */
  async copyLinks(items) {
    const links = items.map((item) => new URL(item.stream_url, location.origin).href);
    await copyText(links.join("\n"));
    tell(items.length === 1 ? "Link copied." : `${plural(items.length, "link")} copied.`);
  }

  /** @param {LibraryItem[]} items */
  async openInResolve(items) {
    const mode = await questions.askForResolveMode(items.length);
    if (!mode) return;
    const jobs = jobsOf(items);
    const answers = await attempt(() =>
      Promise.all(jobs.map((job) => api.openInResolve({ ...job, mode }))),
    );
    if (!answers) return;
    tell(`${plural(items.length, "file")} handed to Resolve.`, {
      action: "Show the jobs",
      run: () => showJobs(this.app),
    });
  }

  /** @param {import("./types.js").Job} job */
  cancelJob(job) {
    return attempt(() => api.cancelJob(job.id));
  }

  /** @param {import("./types.js").Job} job */
  retryJob(job) {
    return attempt(() => api.retryJob(job.id));
  }

  /**
   * @param {string} source - The one that is offered first.
   * @returns {Promise<{source: string, name: string} | null>}
   */
  async createProject(source) {
    const wanted = await questions.askForProjectName(this.app.store.state.sources, source);
    if (!wanted) return null;
    const made = await attempt(() => api.createProject(wanted));
    if (!made) return null;
    await this.app.reloadSidebar();
    return { source: made.source, name: made.name };
  }

  async registerSource() {
    const wanted = await questions.askForSource();
    if (!wanted) return;
    const made = await attempt(() => api.registerSource(wanted));
    if (!made) return;
    tell(`The source ${wanted.name} is registered.`);
    this.app.reloadSidebar();
  }

  /** @param {import("./types.js").Source} source */
  async toggleSource(source) {
    const answer = await attempt(() => api.toggleSource(source.name, !source.enabled));
    if (!answer) return;
    tell(`The source ${source.name} is turned ${source.enabled ? "off" : "on"}.`);
    this.app.reloadSidebar();
    this.app.library.refreshSoon();
  }

  /** @param {import("./types.js").Source} source */
  async removeSource({ name, root }) {
    const isMeant = await confirm({
      title: `Take the source ${name} off the list?`,
      text: `Nothing in ${root} is touched. It can be registered again.`,
      accept: "Take off the list",
      isDangerous: true,
    });
    if (!isMeant || !(await attempt(() => api.removeSource(name)))) return;
    tell(`The source ${name} is off the list.`);
    this.app.reloadSidebar();
    this.app.library.refreshSoon();
  }

  /** @param {{source: string, project: string} | null} which - null: everything. */
  async reindex(which) {
    tell(`Looking through ${which?.project ?? "everything"}…`);
    const answer = await attempt(() => api.reindex(which));
    if (!answer) return;
    const indexed = answer.indexed ?? answer.indexed_files ?? 0;
    const removed = answer.removed ?? answer.removed_missing ?? 0;
    tell(`${which?.project ?? "Everything"} is indexed: ${indexed} new, ${removed} gone.`);
    this.#changed();
  }

  /**
   * Forgets files that are no longer where they were.
   *
   * @param {Item[]} items
   */
  #left(items) {
    this.app.selection.forget(items.map(keyOf));
    this.#changed();
  }

  #changed() {
    this.app.library.refreshSoon();
  }
}

/**
 * Says at once that something begins which takes a while.
 *
 * @param {Item[]} items
 * @param {string} text
 */
function tellOfMany(items, text) {
  if (items.length > MANY_FILES) tell(text);
}

/** @param {Item[]} items */
export function sizeOf(items) {
  return items.reduce((sum, item) => sum + item.size, 0);
}

/** @param {Item[]} items */
function projectsText(items) {
  const names = new Set(items.map((item) => item.project));
  return names.size === 1 ? [...names][0] : plural(names.size, "project");
}

/**
 * @param {Item} item
 * @param {{source: string, name: string}} target
 */
function isIn(item, { source, name }) {
  return item.source === source && item.project === name;
}

/**
 * @param {Record<string, any>[]} answers
 * @param {string} name - Of a field with a number, or with a list that is counted.
 */
function sum(answers, name) {
  const values = answers.map((answer) => answer[name] ?? 0);
  return values.reduce((total, value) => total + (value.length ?? value), 0);
}

/** @param {Record<string, any>[]} answers */
function tellMissing(answers) {
  const missing = sum(answers, "missing");
  if (missing > 0) tell(`${plural(missing, "file was", "files were")} no longer there.`);
}

/** @param {LibraryItem[]} items */
function jobsOf(items) {
  const projects = Map.groupBy(items, ({ source, project }) => `${source}/${project}`);
  return [...projects.values()].flatMap((some) => {
    const { source, project } = /** @type {LibraryItem} */ (some[0]);
    const paths = some.map((item) => item.relative_path);
    return slices(paths, JOB_FILES_MAX).map((slice) => ({ source, project, paths: slice }));
  });
}

/**
 * @template T
 * @param {T[]} list
 * @param {number} length
 */
function slices(list, length) {
  const count = Math.ceil(list.length / length);
  return Array.from({ length: count }, (_, i) => list.slice(i * length, (i + 1) * length));
}

/**
 * Puts text on the clipboard; pages without TLS may do so only by the old way.
 *
 * @param {string} text
 */
export async function copyText(text) {
  if (navigator.clipboard && isSecureContext) {
    await navigator.clipboard.writeText(text).catch(tellProblem);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
