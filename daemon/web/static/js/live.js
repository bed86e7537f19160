/**
 * Hears from the daemon what changes in the library, and how far long tasks have come.
 *
 * Server-sent events of GET /api/library/changes: `change` and `progress` with their data.
 * Neighbours: stream.js keeps it open, main.js has what changed looked at again.
 */

import { Stream } from "./stream.js";

export class Live extends Stream {
  constructor() {
    super(["change", "progress"]);
  }

  get address() {
    return "/api/library/changes";
  }
}
