/**
 * Moments, values and names as the dashboard writes them.
 *
 * Neighbours: format.js has what the whole page shares. No module of the dashboard formats by
 * itself.
 */

import { h } from "../dom.js";
import { duration } from "../format.js";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const MS_PER_S = 1000;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const NS_PER_MS = 1e6;

/** Numbers between these are taken for moments in Unix nanoseconds: 2001 to 2128. */
const MOMENT_NS_MIN = 1e18;
const MOMENT_NS_MAX = 5e18;

/** Longer values are cut where only a glance at them is wanted. */
const GLANCE_CHARS_MAX = 160;

/** @param {string | null | undefined} text - ISO 8601. */
function dateOf(text) {
  // Nanoseconds are more than a Date takes in some browsers.
  const date = new Date((text ?? "").replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(date.getTime()) ? null : date;
}

/** @param {string | null | undefined} text - ISO 8601; Unix milliseconds, NaN when it is none. */
export function msOf(text) {
  return dateOf(text)?.getTime() ?? Number.NaN;
}

/**
 * "14:03:12" on this day, with the date on others; empty when it is none.
 *
 * @param {string | null | undefined} text - ISO 8601.
 */
export function momentText(text) {
  const date = dateOf(text);
  if (!date) return "";
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? TIME.format(date) : MOMENT.format(date);
}

/**
 * A moment in the page; to the nanosecond when it is pointed at.
 *
 * @param {string | null | undefined} text - ISO 8601.
 * @returns {HTMLElement}
 */
export function when(text) {
  return h("time", { datetime: text, title: text }, momentText(text) || "never");
}

/**
 * "40 s", "3 min", "5 h", "2 days".
 *
 * @param {number} span_s
 */
export function spanText(span_s) {
  if (span_s < MINUTE_S) return `${Math.round(span_s)} s`;
  if (span_s < HOUR_S) return `${Math.round(span_s / MINUTE_S)} min`;
  if (span_s < 2 * DAY_S) return `${Math.round(span_s / HOUR_S)} h`;
  return `${Math.round(span_s / DAY_S)} days`;
}

/** What the fields of a title are called. */
const FIELD_NAMES = new Map([
  ["position_ticks", "position"],
  ["last_played_ns", "last played"],
  ["play_count", "plays"],
  ["played", "watched"],
  ["favorite", "favourite"],
]);

/** @param {string} field */
export function fieldName(field) {
  return FIELD_NAMES.get(field) ?? field.replaceAll("_", " ");
}

/**
 * "12:03 of 1:30:00".
 *
 * @param {number} position_s
 * @param {number | null} duration_s
 */
export function positionText(position_s, duration_s) {
  const at = duration(position_s);
  return duration_s ? `${at} of ${duration(duration_s)}` : at;
}

/**
 * A value of an event or a row as people read it: moments as such, text without quotes.
 *
 * @param {unknown} value
 */
export function valueText(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" && value > MOMENT_NS_MIN && value < MOMENT_NS_MAX) {
    return MOMENT.format(new Date(value / NS_PER_MS));
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null || value === undefined) return "–";
  return JSON.stringify(value);
}

/**
 * The fields of an event or a row in a line, cut where it gets long.
 *
 * @param {Record<string, unknown>} fields
 */
export function glance(fields) {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    if (text.length > GLANCE_CHARS_MAX) return `${text.slice(0, GLANCE_CHARS_MAX)}…`;
    if (value === null || value === "") continue;
    text += `${text ? " · " : ""}${name} ${valueText(value)}`;
  }
  return text.length > GLANCE_CHARS_MAX ? `${text.slice(0, GLANCE_CHARS_MAX)}…` : text;
}

/**
 * Names and values, one below the other.
 *
 * @param {[string, Node | string | null | undefined][]} pairs - Those without a value are left out.
 */
export function facts(pairs) {
  const present = pairs.filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return h(
    "dl",
    { class: "facts-list" },
    ...present.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

/**
 * What a date field holds as ISO 8601, or undefined when it is empty.
 *
 * @param {string} local - As YYYY-MM-DDTHH:MM in the reader's own time zone.
 */
export function isoOf(local) {
  const date = new Date(local);
  return local === "" || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/**
 * What a date field is to hold, to the second.
 *
 * @param {number} moment_ms - Unix milliseconds.
 */
export function localOf(moment_ms) {
  const date = new Date(moment_ms);
  const shifted = new Date(moment_ms - date.getTimezoneOffset() * MINUTE_S * MS_PER_S);
  return shifted.toISOString().slice(0, 19);
}
