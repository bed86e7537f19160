/**
 * The address bar's part of the state: which project, which search; and back again from the text.
 *
 * Pure functions. A place is written `#library/<source>/<project>?q=…`, `#trash` or `#events?…`, so
 * that a reload, the back button and a copied address all lead to the same.
 */

/** @typedef {import("./types.js").Place} Place */

/** What is not a listing of files: see board/areas.js. */
const BOARD_AREAS = [
  "now",
  "people",
  "servers",
  "deliveries",
  "events",
  "past",
  "undo",
  "organizers",
  "access",
  "settings",
];

const SORT_KEYS = ["created", "added", "name", "size"];
const KIND_NAMES = ["video", "audio", "image", "other"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @type {Readonly<Place>} */
export const START = Object.freeze({
  area: "library",
  source: "",
  project: "",
  q: "",
  kind: "",
  tags: [],
  origin: "",
  since: "",
  until: "",
  sort: "created",
  order: "desc",
  preview: "",
  words: Object.freeze({}),
});

/**
 * Whether files are listed there.
 *
 * @param {string} area
 */
export function isListing(area) {
  return area === "library" || area === "trash";
}

/**
 * The place that a hash names; what makes no sense in it is left out.
 *
 * @param {string} hash
 * @returns {Place}
 */
export function parsePlace(hash) {
  const [path = "", query = ""] = split(hash.replace(/^#\/?/, ""));
  const [area, source = "", project = ""] = path.split("/").map(decoded);
  const words = new URLSearchParams(query);
  if (BOARD_AREAS.includes(area ?? "")) {
    return { ...START, area: /** @type {any} */ (area), words: Object.fromEntries(words) };
  }
  if (path === "" && query === "") return { ...START, area: "" };
  const sort = words.get("sort") ?? START.sort;
  const kind = words.get("kind") ?? "";
  return {
    area: area === "trash" ? "trash" : "library",
    source,
    project,
    q: words.get("q") ?? "",
    kind: /** @type {any} */ (KIND_NAMES.includes(kind) ? kind : ""),
    tags: words.getAll("tag"),
    origin: words.get("origin") ?? "",
    since: dayIn(words.get("since")),
    until: dayIn(words.get("until")),
    sort: /** @type {any} */ (SORT_KEYS.includes(sort) ? sort : START.sort),
    order: words.get("order") === "asc" ? "asc" : "desc",
    preview: words.get("preview") ?? "",
    words: START.words,
  };
}

/** @param {string} text */
function split(text) {
  const mark = text.indexOf("?");
  return mark < 0 ? [text] : [text.slice(0, mark), text.slice(mark + 1)];
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** @param {string | null} text */
function dayIn(text) {
  return text !== null && DAY.test(text) ? text : "";
}

/**
 * The hash of a place; what is as usual is left out.
 *
 * @param {Place} place
 */
export function formatPlace(place) {
  const path = [place.area, place.source, place.project].map(encodeURIComponent);
  const words = new URLSearchParams(Object.entries(place.words).filter(([, value]) => value));
  for (const tag of place.tags) words.append("tag", tag);
  for (const name of /** @type {const} */ (["q", "kind", "origin", "since", "until", "preview"])) {
    if (place[name]) words.set(name, place[name]);
  }
  if (place.sort !== START.sort) words.set("sort", place.sort);
  if (place.order !== START.order) words.set("order", place.order);
  const query = words.size > 0 ? `?${words}` : "";
  return `#${path.join("/").replace(/\/+$/, "")}${query}`;
}

/**
 * Whether two places list the same files; the order and the preview may differ.
 *
 * @param {Place} one
 * @param {Place} other
 */
export function isSameQuery(one, other) {
  const plain = { sort: START.sort, order: START.order, preview: "" };
  return formatPlace({ ...one, ...plain }) === formatPlace({ ...other, ...plain });
}

/**
 * How many filters narrow a place, besides the search and the kinds, which are always in sight.
 *
 * @param {Place} place
 */
export function filterCount(place) {
  const dates = place.since || place.until ? 1 : 0;
  return place.tags.length + (place.origin ? 1 : 0) + dates;
}

/**
 * The query of GET /api/library. Days are the reader's own, so they begin at their own midnight.
 *
 * @param {Place} place
 * @returns {Record<string, string | string[] | undefined>}
 */
export function libraryQuery(place) {
  return {
    source: place.source || undefined,
    project: place.project || undefined,
    q: place.q || undefined,
    kind: place.kind || undefined,
    tag: place.tags,
    origin: place.origin || undefined,
    since: place.since ? midnight(place.since, 0) : undefined,
    until: place.until ? midnight(place.until, 1) : undefined,
    sort: place.sort,
    order: place.order,
  };
}

/**
 * @param {string} day
 * @param {number} later_days
 */
function midnight(day, later_days) {
  const [year, month, date] = day.split("-").map(Number);
  const moment = new Date(year ?? 0, (month ?? 1) - 1, (date ?? 1) + later_days);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

/**
 * What tells a file from every other one. Names of sources and projects hold no slash.
 *
 * @param {import("./types.js").Item} item
 */
export function keyOf(item) {
  if ("id" in item) return item.id;
  return `${item.source}/${item.project}/${item.relative_path}`;
}
