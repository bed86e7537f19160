/**
 * Numbers, moments and names as people read them.
 *
 * Pure functions; the browser's language decides about separators and the order of dates.
 */

const COUNT = new Intl.NumberFormat();
const ONE_DIGIT = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const KILO = 1000;
const MINUTE_S = 60;
const HOUR_S = 3600;

/** @param {number} number */
export function count(number) {
  return COUNT.format(number);
}

/**
 * "1 file", "2 files".
 *
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @param {number} size_bytes */
export function bytes(size_bytes) {
  let value = size_bytes;
  let unit = 0;
  while (value >= KILO && unit < UNITS.length - 1) {
    value /= KILO;
    unit += 1;
  }
  const text = value >= 100 || unit === 0 ? count(Math.round(value)) : ONE_DIGIT.format(value);
  return `${text} ${UNITS[unit]}`;
}

/**
 * "0:07", "12:03", "1:02:03"; empty when it is not known.
 *
 * @param {number | null | undefined} duration_s
 */
export function duration(duration_s) {
  if (duration_s === null || duration_s === undefined) return "";
  const total = duration_s > 0 ? Math.max(1, Math.round(duration_s)) : 0;
  const hours = Math.floor(total / HOUR_S);
  const minutes = Math.floor((total % HOUR_S) / MINUTE_S);
  const seconds = String(total % MINUTE_S).padStart(2, "0");
  if (hours === 0) return `${minutes}:${seconds}`;
  return `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

/**
 * How long something will still take, roughly: "40 s left", "3 min left".
 *
 * @param {number} rest_s
 */
export function remaining(rest_s) {
  if (rest_s < MINUTE_S) return `${Math.max(1, Math.round(rest_s))} s left`;
  if (rest_s < HOUR_S) return `${Math.round(rest_s / MINUTE_S)} min left`;
  return `${ONE_DIGIT.format(rest_s / HOUR_S)} h left`;
}

/** @param {string | null | undefined} text - ISO 8601; empty when it is none. */
export function moment(text) {
  return formatted(MOMENT, text);
}

/** @param {string | null | undefined} text - ISO 8601; empty when it is none. */
export function day(text) {
  return formatted(DAY, text);
}

/** @param {string | null | undefined} text - ISO 8601; empty when it is none. */
export function month(text) {
  return formatted(MONTH, text);
}

/**
 * @param {Intl.DateTimeFormat} format
 * @param {string | null | undefined} text
 */
function formatted(format, text) {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? "" : format.format(date);
}

/**
 * A day as YYYY-MM-DD in the reader's own time zone, as date fields hold it.
 *
 * @param {Date} date
 */
export function dayText(date) {
  const month = String(date.getMonth() + 1).padStart(2, "0");
  return `${date.getFullYear()}-${month}-${String(date.getDate()).padStart(2, "0")}`;
}

/**
 * "3840 × 2160".
 *
 * @param {{width?: number | null, height?: number | null}} item
 */
export function dimensions(item) {
  return item.width && item.height ? `${item.width} × ${item.height}` : "";
}

/** @param {number | null | undefined} fps */
export function frameRate(fps) {
  return fps ? `${Number(fps.toFixed(3))} fps` : "";
}

/** What the page calls the origins that the daemon recognises. */
export const ORIGIN_NAMES = new Map([
  ["iphone", "iPhone"],
  ["nikon_z7", "Nikon Z7"],
  ["obs", "OBS"],
  ["unknown", "Unknown"],
]);

/** @param {string | null | undefined} origin */
export function originName(origin) {
  return origin ? (ORIGIN_NAMES.get(origin) ?? origin) : "";
}

/** Kinds of media: their name, the name of several, and their icon. */
export const KINDS = new Map([
  ["video", { one: "Video", many: "Video", icon: "film" }],
  ["audio", { one: "Audio", many: "Audio", icon: "sound" }],
  ["image", { one: "Image", many: "Images", icon: "picture" }],
  ["other", { one: "File", many: "Other", icon: "file" }],
]);

/** @param {string} kind */
export function kindOf(kind) {
  const found = KINDS.get(kind) ?? KINDS.get("other");
  return /** @type {{one: string, many: string, icon: string}} */ (found);
}
