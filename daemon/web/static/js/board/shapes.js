/**
 * The shapes of the dashboard, as the daemon's interface tells them; nothing here runs.
 *
 * @typedef {object} LogEvent - An event of the log.
 * @property {number} seq
 * @property {string} id
 * @property {string} at - When it happened; `recorded`: when the log took it.
 * @property {string} recorded
 * @property {string} type
 * @property {string} source
 * @property {string} actor
 * @property {number | null} cause
 * @property {Record<string, any>} data
 *
 * @typedef {object} Watched - A title of somebody, and where they are in it.
 * @property {string} user
 * @property {string} title
 * @property {string} media
 * @property {number} position_s
 * @property {number | null} duration_s
 * @property {string} device
 * @property {"player" | "server"} kind
 * @property {boolean} playing
 * @property {boolean} paused
 * @property {string} at
 * @property {string | null} path
 *
 * @typedef {object} Delivery - A change that a server has still to be told.
 * @property {number} id
 * @property {string[]} event_types
 * @property {string} source_server
 * @property {string} target_server
 * @property {string} username
 * @property {string} item_id
 * @property {string} item_name
 * @property {string} media
 * @property {string} status
 * @property {boolean} backoff
 * @property {number} retry_count
 * @property {number} item_not_found_count
 * @property {number} item_not_found_max
 * @property {string | null} next_retry_at
 * @property {string | null} last_error
 * @property {string} created_at
 *
 * @typedef {object} Queue - How much is left to do.
 * @property {number} pending_events
 * @property {number} backoff_events
 * @property {number} processing_events
 * @property {number} waiting_for_item_events
 * @property {number} failed_events
 * @property {number} unread_events
 *
 * @typedef {object} Server
 * @property {string} name
 * @property {string} url
 * @property {boolean} healthy
 * @property {string | null} version
 * @property {number} user_count
 * @property {string} direction
 * @property {string} state
 * @property {string} circuit
 * @property {string} problem
 * @property {string | null} changed_at
 * @property {string | null} last_success_at
 * @property {string | null} retry_at
 * @property {number | null} lag_s
 * @property {string} brake
 * @property {number} suspects_count
 * @property {boolean} sweeping
 * @property {number} listed_count
 * @property {string | null} full_sweep_at
 * @property {number} items_count
 * @property {number} pending_events
 * @property {number} waiting_for_item_events
 * @property {number} failed_events
 * @property {number} unread_events
 *
 * @typedef {object} Player
 * @property {string} name
 * @property {string} user
 * @property {string} folder
 * @property {string} state
 * @property {boolean} connected
 * @property {string} since
 * @property {string} problem
 * @property {string} version
 * @property {{name: string, position_s: number | null, duration_s: number | null,
 *   paused: boolean} | null} playing
 * @property {{name: string, opened_at: string, reason: string | null,
 *   position_s: number | null} | null} last
 * @property {number} entries_count
 * @property {number} files_count
 * @property {string | null} synced_at
 *
 * @typedef {object} Status
 * @property {"healthy" | "degraded" | "unhealthy"} status
 * @property {number} uptime_seconds
 * @property {string} version
 * @property {boolean} dry_run
 * @property {Server[]} servers
 * @property {Queue} queue
 * @property {{database_size_bytes: number}} database
 * @property {{successful: number, failed: number, last_sync_at: string | null}} sync_stats
 * @property {number} players_count
 * @property {number} players_connected_count
 *
 * @typedef {object} Activity - How many events there were in each stretch, by kind.
 * @property {number} step_s
 * @property {{at: string, counts: Record<string, number>,
 *   deliveries: Record<string, number>}[]} buckets - Deliveries by what became of them.
 * @property {boolean} cut
 *
 * @typedef {object} Organizer - What one does, or has done.
 * @property {string} organizer
 * @property {string} folder
 * @property {string} problem
 * @property {string} hint
 * @property {{path: string, new_path: string, companions: Record<string, string>,
 *   beside: boolean}[]} moves
 * @property {{path: string, why: string, reason: string, other: string}[]} leaves
 * @property {string[]} unfinished
 * @property {Record<string, string>} failed
 * @property {boolean} truncated
 *
 * @typedef {object} Filing - A file that was filed.
 * @property {string} id
 * @property {number} seq
 * @property {string} at
 * @property {string} organizer
 * @property {string} folder
 * @property {string} path
 * @property {string} new_path
 * @property {Record<string, string>} companions
 * @property {"filed" | "undone"} state
 * @property {string | null} undone_at
 *
 * @typedef {object} Unfiling - A filing that is undone.
 * @property {string} id
 * @property {string} path
 * @property {string} old_path
 * @property {Record<string, string>} companions
 * @property {string} refused - Why it is not.
 *
 * @typedef {object} PastPage - Rows of a view as of event `seq`.
 * @property {string} view
 * @property {number} seq
 * @property {string | null} at
 * @property {number} total
 * @property {{key: (string | number)[], row: any}[]} rows
 * @property {string | null} next
 *
 * @typedef {object} UndoPlan
 * @property {number} first
 * @property {number} last
 * @property {string} digest
 * @property {number} titles_count
 * @property {number} fields_count
 * @property {number} skipped_count
 * @property {Record<string, number>} writes
 * @property {UndoStep[]} steps
 *
 * @typedef {object} UndoStep
 * @property {string} user
 * @property {string} media
 * @property {string} title
 * @property {{field: string, now_text: string, then_text: string, skipped: string}[]} fields
 * @property {Record<string, string>} writes
 *
 * @typedef {object} Access
 * @property {{name: string, scopes: string[], configured: boolean}[]} users
 * @property {{id: string, user: string, label: string, scopes: string[], created: string}[]} tokens
 * @property {boolean} open
 *
 * @typedef {object} Setting
 * @property {string} key
 * @property {string} value
 * @property {string} default
 * @property {string} meaning
 * @property {boolean} is_default
 */

export {};
