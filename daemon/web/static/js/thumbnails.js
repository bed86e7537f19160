/**
 * The small pictures: fetched when a card is looked at, kept while they may be looked at again.
 *
 * The daemon answers with a drawing while a picture is not made yet, and says so in a header; then
 * there is none for us, and it is asked for again a little later. Neighbours: media-card.js and the
 * stage. Must never keep the pictures of a whole library.
 */

/** About as many as ten screens show. */
const KEPT_MAX = 500;

/** A picture that is not made yet is made next; so it is worth asking again soon. */
const AGAIN_MS = [700, 1500, 3000, 6000];

/** @type {Map<string, string>} - Object URLs by address, the latest fetched last. */
const kept = new Map();

/**
 * The picture at an address, if it is here already.
 *
 * @param {string | null} address
 */
export function keptPicture(address) {
  return kept.get(address ?? "") ?? null;
}

/**
 * Fetches a picture.
 *
 * @param {string} address
 * @param {AbortSignal} signal - Aborted when nobody looks any more.
 * @returns {Promise<string | null>} - An object URL; null when there is no picture.
 */
export async function fetchPicture(address, signal) {
  for (const wait_ms of [...AGAIN_MS, 0]) {
    const response = await fetch(address, { signal, priority: "low" });
    const status = response.headers.get("X-Thumb-Status");
    if (response.ok && status === null) return keep(address, await response.blob());
    if (status !== "pending" || wait_ms === 0) return null;
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    if (signal.aborted) return null;
  }
  return null;
}

/**
 * @param {string} address
 * @param {Blob} picture
 */
function keep(address, picture) {
  const known = kept.get(address);
  const url = known ?? URL.createObjectURL(picture);
  kept.delete(address);
  kept.set(address, url);
  for (const [oldest, its] of kept) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
    URL.revokeObjectURL(its);
  }
  return url;
}
