/**
 * Where each row or card lies, as arithmetic: from a width and an index to a box and back.
 *
 * Pure functions. Every row of a layout has the same height, so that twenty thousand of them need
 * no measuring.
 */

/**
 * @typedef {object} Layout
 * @property {number} columns
 * @property {number} left - Of the first column, in pixels; so are all the others.
 * @property {number} top - Of the first row.
 * @property {number} width - Of a cell.
 * @property {number} height
 * @property {number} pitchX - From one column to the next.
 * @property {number} pitchY
 */

const GRID = { padding: 20, gap: 16, width_min: 208, caption: 54, columns_min: 2 };
const GRID_NARROW = { padding: 12, gap: 10, width_min: 150, caption: 50, columns_min: 2 };
const LIST = { padding: 12, height: 56 };
const LIST_NARROW = { padding: 4, height: 64 };
const THUMBNAIL_RATIO = 9 / 16;

/** Below this a view is that of a phone. */
export const NARROW_WIDTH = 640;

/**
 * @param {number} width
 * @returns {Layout}
 */
export function gridLayout(width) {
  const { padding, gap, width_min, caption, columns_min } =
    width < NARROW_WIDTH ? GRID_NARROW : GRID;
  const room = Math.max(width - 2 * padding, width_min);
  const columns = Math.max(columns_min, Math.floor((room + gap) / (width_min + gap)));
  const cell = Math.floor((room - gap * (columns - 1)) / columns);
  const height = Math.round(cell * THUMBNAIL_RATIO) + caption;
  return {
    columns,
    left: padding,
    top: padding,
    width: cell,
    height,
    pitchX: cell + gap,
    pitchY: height + gap,
  };
}

/**
 * @param {number} width
 * @returns {Layout}
 */
export function listLayout(width) {
  const { padding, height } = width < NARROW_WIDTH ? LIST_NARROW : LIST;
  const cell = width - 2 * padding;
  const place = { left: padding, top: padding / 2, pitchX: cell, pitchY: height };
  return { columns: 1, width: cell, height, ...place };
}

/**
 * @param {Layout} layout
 * @param {number} count
 */
export function canvasHeight(layout, count) {
  return 2 * layout.top + Math.ceil(count / layout.columns) * layout.pitchY;
}

/**
 * @param {Layout} layout
 * @param {number} index
 */
export function positionOf(layout, index) {
  const row = Math.floor(index / layout.columns);
  const column = index % layout.columns;
  return { x: layout.left + column * layout.pitchX, y: layout.top + row * layout.pitchY };
}

/**
 * The indexes that are in sight, with some rows more on both sides; `last` is included.
 *
 * @param {Layout} layout
 * @param {{top: number, height: number, count: number, rowsMore: number}} window
 */
export function indexesInSight(layout, { top, height, count, rowsMore }) {
  const firstRow = Math.floor((top - layout.top) / layout.pitchY) - rowsMore;
  const lastRow = Math.floor((top + height - layout.top) / layout.pitchY) + rowsMore;
  const first = Math.max(0, firstRow * layout.columns);
  const last = Math.min(count - 1, (lastRow + 1) * layout.columns - 1);
  return { first, last };
}

/**
 * Where a key leads from an index, or null when the key does not move.
 *
 * @param {Layout} layout
 * @param {{key: string, index: number, count: number, rowsPerPage: number}} step
 */
export function indexAfter(layout, { key, index, count, rowsPerPage }) {
  const { columns } = layout;
  const steps = new Map([
    ["ArrowUp", index - columns],
    ["ArrowDown", index + columns],
    ["PageUp", index - columns * rowsPerPage],
    ["PageDown", index + columns * rowsPerPage],
    ["Home", 0],
    ["End", count - 1],
  ]);
  if (columns > 1) steps.set("ArrowLeft", index - 1).set("ArrowRight", index + 1);
  const next = steps.get(key);
  if (next === undefined) return null;
  const isColumnStep = key === "ArrowUp" || (key === "ArrowDown" && isInLastRow(index));
  if (isColumnStep && (next < 0 || next >= count)) return index;
  return Math.min(Math.max(next, 0), count - 1);

  /** @param {number} one */
  function isInLastRow(one) {
    return Math.floor(one / columns) === Math.floor((count - 1) / columns);
  }
}
