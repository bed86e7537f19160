/**
 * Dark or light: as the system has it, unless somebody chose otherwise here.
 *
 * Neighbours: theme-early.js sets what was chosen before the page is painted; the style sheets do
 * the rest by `color-scheme`.
 */

const STORED_AS = "playhead.theme";
const SYSTEM_IS_DARK = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : SYSTEM_IS_DARK.matches;
}

/** Changes to the other theme; choosing the system's own means to follow the system again. */
export function toggleTheme() {
  const wanted = isDark() ? "light" : "dark";
  const isSystems = (wanted === "dark") === SYSTEM_IS_DARK.matches;
  document.documentElement.dataset.theme = isSystems ? "" : wanted;
  if (isSystems) localStorage.removeItem(STORED_AS);
  else localStorage.setItem(STORED_AS, wanted);
}

/**
 * Calls back when the system changes its mind.
 *
 * @param {() => void} callback
 */
export function onSystemTheme(callback) {
  SYSTEM_IS_DARK.addEventListener("change", callback);
}
