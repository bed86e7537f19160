/**
 * The questions that have fields: a project's name, where to move to, which tags, what Resolve
 * does.
 *
 * Neighbours: dialogs.js shows them, actions.js asks them. Must never talk to the daemon.
 */

import { button, h } from "./dom.js";
import { ask, field } from "./dialogs.js";
import { plural } from "./format.js";
import { tagField } from "./tag-field.js";

/** @typedef {import("./types.js").Project} Project */
/** @typedef {import("./types.js").Source} Source */

const NAME_LENGTH_MAX = 100;
const ROOT_LENGTH_MAX = 1000;

/** @param {Source} source */
export function isUsable(source) {
  return source.enabled && source.accessible;
}

/**
 * @param {Source[]} sources
 * @param {string} chosen
 * @returns {Promise<{source: string, name: string} | null>}
 */
export function askForProjectName(sources, chosen) {
  const usable = sources.filter(isUsable);
  const name = h("input", {
    class: "input",
    required: true,
    maxlength: NAME_LENGTH_MAX,
    autocomplete: "off",
    autofocus: true,
    placeholder: "Summer in Lisbon",
  });
  const source = h("select", { class: "select" });
  for (const { name: value, root } of usable) {
    source.append(h("option", { value, selected: value === chosen }, `${value} · ${root}`));
  }
  const hint = "It gets the next number in front: P7-Summer-in-Lisbon.";
  const content = h(
    "div",
    { class: "fields" },
    field("Name", name, hint),
    usable.length > 1 ? field("Source", source) : null,
  );
  const read = () => ({ source: source.value, name: name.value.trim() });
  return ask({ title: "New project", content, accept: "Create", read });
}

/** @returns {Promise<{name: string, root: string} | null>} */
export function askForSource() {
  const name = h("input", {
    class: "input",
    required: true,
    maxlength: NAME_LENGTH_MAX,
    pattern: "[A-Za-z0-9._\\-]+",
    title: "Letters, digits, dots, dashes and underscores",
    autocomplete: "off",
    autofocus: true,
    placeholder: "nas",
  });
  const root = h("input", {
    class: "input",
    required: true,
    maxlength: ROOT_LENGTH_MAX,
    autocomplete: "off",
    placeholder: "/mnt/nas/footage",
  });
  const hint =
    "As the daemon sees it. Only directories that its configuration allows are accepted.";
  const content = h(
    "div",
    { class: "fields" },
    field("Name", name),
    field("Directory", root, hint),
  );
  const read = () => ({ name: name.value.trim(), root: root.value.trim() });
  return ask({ title: "Register a source", content, accept: "Register", read });
}

/**
 * Lets one project be chosen among many, by typing a part of its name.
 *
 * @param {{title: string, text?: string, accept: string, projects: Project[],
 *   onCreate: () => Promise<{source: string, name: string} | null>}} question
 * @returns {Promise<{source: string, name: string} | null>}
 */
export async function askForProject({ title, text, accept, projects, onCreate }) {
  const { content, chosen } = projectChooser(projects);
  let wantsNew = false;
  const create = button("New project…", { icon: "plus", class: "button quiet" });
  create.addEventListener("click", () => {
    wantsNew = true;
    create.closest("dialog")?.close();
  });
  content.append(create);
  const answer = await ask({ title, text, content, accept, read: chosen });
  return wantsNew ? onCreate() : answer;
}

/** @param {Project[]} projects */
function projectChooser(projects) {
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: "Find a project",
    "aria-label": "Find a project",
    autocomplete: "off",
  });
  const list = h("div", { class: "choices", role: "radiogroup", "aria-label": "Project" });
  const rows = projects.map(({ source, name }, index) => {
    const radio = h("input", { type: "radio", name: "project", value: index, required: true });
    const row = h("label", { class: "choice" }, radio, h("span", {}, name), h("small", {}, source));
    return { row, words: `${name} ${source}`.toLowerCase() };
  });
  list.append(...rows.map(({ row }) => row));
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const { row, words } of rows) row.hidden = !words.includes(wanted);
  });
  const chosen = () => {
    const project = projects[Number(list.querySelector("input:checked")?.value ?? -1)];
    return project ? { source: project.source, name: project.name } : null;
  };
  return { content: h("div", { class: "fields" }, search, list), chosen };
}

/**
 * @param {import("./types.js").LibraryItem[]} items
 * @param {string[]} known
 * @returns {Promise<{add: string[], remove: string[]} | null>}
 */
export function askForTags(items, known) {
  const counts = new Map();
  for (const tag of items.flatMap((item) => item.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const present = [...counts.keys()].sort();
  const adding = tagField({ label: "Add tags", tags: [], known });
  const boxes = present.map((tag) => {
    const box = h("input", { type: "checkbox", value: tag });
    return h(
      "label",
      { class: "choice" },
      box,
      h("span", {}, tag),
      h("small", {}, counts.get(tag)),
    );
  });
  const removing = h("fieldset", { class: "choices" }, h("legend", {}, "Take away"), ...boxes);
  const content = h("div", { class: "fields" }, adding.element, boxes.length > 0 ? removing : null);
  const read = () => {
    const remove = [...removing.querySelectorAll("input:checked")].map((box) => box.value);
    const add = adding.tags();
    return add.length + remove.length > 0 ? { add, remove } : null;
  };
  const title = `Tags of ${plural(items.length, "file")}`;
  return ask({ title, content, accept: "Apply", read });
}

/**
 * @param {number} count
 * @returns {Promise<"import" | "reveal" | "relink" | "markers" | null>}
 */
export function askForResolveMode(count) {
  const choice = (
    /** @type {string} */ value,
    /** @type {string} */ name,
    /** @type {string} */ hint,
  ) =>
    h(
      "label",
      { class: "choice tall" },
      h("input", { type: "radio", name: "mode", value, checked: value === "import" }),
      h("span", {}, name, h("small", {}, hint)),
    );
  const content = h(
    "div",
    { class: "choices", role: "radiogroup", "aria-label": "What Resolve does" },
    choice("import", "Import", "Adds them to the media pool of the project in Resolve."),
    choice("reveal", "Reveal", "Shows where they lie, and imports nothing."),
    choice("relink", "Relink", "Points clips that are there at where their files are now."),
    choice("markers", "Markers", "Sets the markers of clips that are there."),
  );
  return ask({
    title: `Open ${plural(count, "file")} in Resolve`,
    content,
    accept: "Open",
    read: () => content.querySelector("input:checked")?.value ?? null,
  });
}
