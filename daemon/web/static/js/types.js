/**
 * The shapes that travel between the modules, for readers and editors; nothing here runs.
 *
 * @typedef {"video" | "audio" | "image" | "other"} Kind
 *
 * @typedef {object} LibraryItem - A file of the library, as GET /api/library tells it.
 * @property {string} source
 * @property {string} project
 * @property {string} relative_path
 * @property {string} name
 * @property {Kind} kind
 * @property {number} size
 * @property {string} sha256
 * @property {string} asset_id
 * @property {string} asset_uuid
 * @property {string | null} created_at
 * @property {string | null} added_at
 * @property {string | null} origin
 * @property {string[]} tags
 * @property {number | null} duration_s
 * @property {number | null} width
 * @property {number | null} height
 * @property {number | null} fps
 * @property {string | null} video_codec
 * @property {string | null} audio_codec
 * @property {string} stream_url
 * @property {string} download_url
 * @property {string | null} thumb_url
 * @property {number} seq
 *
 * @typedef {object} TrashItem - A file in a trash, as GET /api/trash tells it.
 * @property {string} id
 * @property {string} source
 * @property {string} project
 * @property {string} relative_path
 * @property {string} name
 * @property {Kind} kind
 * @property {number} size
 * @property {string} sha256
 * @property {string} deleted_at
 * @property {string | null} deleted_by
 * @property {string | null} thumb_url
 *
 * @typedef {LibraryItem | TrashItem} Item
 *
 * @typedef {object} Page - One answer of a listing; `total` comes with the first page only.
 * @property {Item[]} items
 * @property {string | null} next
 * @property {number | null} [total]
 *
 * @typedef {object} Project
 * @property {string} name
 * @property {string} source
 * @property {boolean} source_accessible
 * @property {{files: number, size: number}} counts
 *
 * @typedef {object} Source
 * @property {string} name
 * @property {string} root
 * @property {boolean} enabled
 * @property {boolean} accessible
 * @property {boolean} primary - Set by the configuration: it cannot be taken off the list.
 * @property {string} problem - Why it cannot be reached, as far as that is known.
 *
 * @typedef {"created" | "added" | "name" | "size"} SortKey
 *
 * @typedef {object} Place - What the address bar says: where we are and what we look for.
 * @property {Area} area - Empty: wherever one begins.
 * @property {string} source - Empty: all sources.
 * @property {string} project - Empty: all projects.
 * @property {string} q
 * @property {Kind | ""} kind - Empty: all kinds.
 * @property {string[]} tags
 * @property {string} origin - Empty: any.
 * @property {string} since - A day as YYYY-MM-DD, or empty.
 * @property {string} until - The last day, included, or empty.
 * @property {SortKey} sort
 * @property {"asc" | "desc"} order
 * @property {string} preview - Key of the file that is looked at, or empty.
 * @property {Readonly<Record<string, string>>} words - What an area of the dashboard looks for.
 *
 * @typedef {"" | "library" | "trash" | "now" | "people" | "servers" | "deliveries" | "events"
 *   | "past" | "undo" | "organizers" | "access" | "settings"} Area
 *
 * @typedef {object} Activity - Something the daemon is busy with, as its progress events tell it.
 * @property {string} task
 * @property {string} kind
 * @property {string} source
 * @property {string} project
 * @property {number} done
 * @property {number} total - 0 while it is not known.
 * @property {"running" | "done" | "failed"} state
 * @property {string} note
 *
 * @typedef {object} Job - A job for DaVinci Resolve, as the daemon tells of it.
 * @property {string} id
 * @property {"pending" | "claimed" | "done" | "failed" | "cancelled"} status
 * @property {string} mode
 * @property {string} media_project
 * @property {string[]} media_rel_paths
 * @property {{mode: "existing" | "new" | "select", name: string}} resolve_project
 * @property {string | null} claimed_by
 * @property {string | null} host
 * @property {number} attempts
 * @property {number} attempts_max
 * @property {number} created_at - Unix seconds.
 * @property {string | null} error
 * @property {string} note
 * @property {string | null} artifact - A file that was written for it.
 * @property {{path: string, outcome: string, detail: string}[]} results
 *
 * @typedef {object} Marker - A moment of a clip.
 * @property {string} id
 * @property {number} position_s
 * @property {string} colour
 * @property {string} note
 * @property {string} by
 * @property {string} device
 *
 * @typedef {object} State - What every part of the page may watch; see store.js.
 * @property {Place} place
 * @property {string} user
 * @property {string[]} scopes - What the credential allows; empty until that is known.
 * @property {boolean} mayAdminister
 * @property {boolean} maySeeFiles
 * @property {boolean} mayMark - Whether markers may be seen and set.
 * @property {Source[]} sources
 * @property {Project[]} projects
 * @property {boolean} sidebarLoaded
 * @property {{tag: string, count: number}[]} tags
 * @property {"connecting" | "live" | "lost" | "deaf"} connection - `deaf`: the credential allows no
 *   stream, so nothing is told of.
 * @property {Activity[]} activities
 * @property {"grid" | "list"} view
 *
 * @typedef {object} App - The parts that know each other only through this; made in main.js.
 * @property {import("./store.js").Store} store
 * @property {import("./library.js").Library} library
 * @property {import("./selection.js").Selection} selection
 * @property {import("./uploads.js").Uploads} uploads
 * @property {import("./live.js").Live} live
 * @property {import("./board/log.js").Log} log
 * @property {import("./jobs.js").Jobs} jobs
 * @property {import("./actions.js").Actions} actions
 * @property {import("./navigation.js").Navigation} navigation
 * @property {() => Promise<void>} reloadSidebar
 * @property {() => Promise<void>} reloadTags
 */

export {};
