/**
 * Short messages at the edge of the page: what was done, with a way back, and what was refused.
 *
 * Neighbours: everything that talks to the daemon. Must never be the only place where a failure of
 * lasting importance is shown, for a message goes away.
 */

import { Problem } from "./api.js";
import { h, icon, iconButton } from "./dom.js";

const TOASTS_MAX = 4;
const SHOWN_MS = 5000;
const SHOWN_WITH_ACTION_MS = 12_000;
const SHOWN_PROBLEM_MS = 10_000;

const polite = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
const urgent = h("div", { class: "toasts", role: "alert" });
document.body.append(h("div", { class: "toast-corner" }, polite, urgent));

/**
 * Says that something is done.
 *
 * @param {string} text
 * @param {{action?: string, run?: () => void}} [offer] - A button, such as Undo.
 */
export function tell(text, { action, run } = {}) {
  show(polite, {
    picture: "check",
    text,
    hint: "",
    shown_ms: action ? SHOWN_WITH_ACTION_MS : SHOWN_MS,
    action,
    run,
  });
}

/**
 * Says what was refused or went wrong, in the daemon's own words.
 *
 * @param {unknown} problem
 */
export function tellProblem(problem) {
  const isProblem = problem instanceof Problem;
  if (!isProblem) console.error(problem);
  const text = isProblem ? problem.message : "Something went wrong in this page.";
  const hint = isProblem ? problem.hint : "Reload it; if that does not help, please report it.";
  show(urgent, { picture: "warning", text, hint, shown_ms: SHOWN_PROBLEM_MS });
}

/**
 * Runs something that may be refused, and tells the refusal.
 *
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T | undefined>}
 */
export async function attempt(run) {
  try {
    return await run();
  } catch (problem) {
    tellProblem(problem);
    return undefined;
  }
}

/**
 * The same for what nobody asked for: that the daemon is away is told by the page's banner.
 *
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T | undefined>}
 */
export async function attemptQuietly(run) {
  try {
    return await run();
  } catch (problem) {
    if (!(problem instanceof Problem && problem.status === 0)) tellProblem(problem);
    return undefined;
  }
}

/**
 * @param {HTMLElement} corner
 * @param {{picture: string, text: string, hint: string, shown_ms: number, action?: string,
 *   run?: () => void}} message
 */
function show(corner, { picture, text, hint, shown_ms, action, run }) {
  const toast = h("div", { class: "toast" }, icon(picture), texts(text, hint));
  const remove = () => toast.remove();
  if (action) {
    const act = () => {
      remove();
      run?.();
    };
    toast.append(h("button", { type: "button", class: "button quiet", onclick: act }, action));
  }
  toast.append(iconButton("close", "Dismiss", { onclick: remove }));
  corner.append(toast);
  while (corner.children.length > TOASTS_MAX) corner.firstElementChild?.remove();
  let timer = setTimeout(remove, shown_ms);
  const hold = () => clearTimeout(timer);
  const release = () => {
    hold();
    timer = setTimeout(remove, shown_ms);
  };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", release);
  toast.addEventListener("focusout", release);
  reopenAbove(toast);
}

/**
 * @param {string} text
 * @param {string} hint
 */
function texts(text, hint) {
  return h("div", { class: "toast-text" }, h("p", {}, text), hint ? h("p", {}, hint) : null);
}

/**
 * Brings the corner above an open dialog, which makes all beside itself unreachable.
 *
 * @param {HTMLElement} toast
 */
function reopenAbove(toast) {
  const corner = toast.closest(".toast-corner");
  const open = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (corner && corner.parentElement !== open) open.append(corner);
}
