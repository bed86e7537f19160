/**
 * Puts the page together: makes the parts, tells them of each other, and has changes looked at.
 *
 * Everything else is a module with one job; who wants to know how the page works begins here.
 */

import { ActionBar } from "./action-bar.js";
import { Actions } from "./actions.js";
import { api } from "./api.js";
import { mayWith } from "./board/areas.js";
import { board } from "./board/board-api.js";
import { DashBoard } from "./board/board.js";
import { Log } from "./board/log.js";
import { debounce, h } from "./dom.js";
import { acceptDrops } from "./drop.js";
import { plural } from "./format.js";
import { Jobs } from "./jobs.js";
import { listenToKeys } from "./keys.js";
import { Library } from "./library.js";
import { ListingState } from "./listing-state.js";
import { Live } from "./live.js";
import { MediaView } from "./media-view.js";
import { Navigation } from "./navigation.js";
import { START, isListing, isSameQuery } from "./place.js";
import { FilePreview } from "./preview.js";
import { askForProject } from "./questions.js";
import { Selection } from "./selection.js";
import { SideBar } from "./side-bar.js";
import { Store } from "./store.js";
import { attemptQuietly, tell } from "./toasts.js";
import { TopBar } from "./top-bar.js";
import { UploadPanel } from "./upload-panel.js";
import { Uploads } from "./uploads.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Activity} Activity */

const SIDEBAR_MS = 1000;
const LOST_SHOWN_MS = 1500;

/** How long the end of something stays in sight. */
const DONE_SHOWN_MS = 2500;

const app = makeApp();
const { store, library, selection, uploads, live, log, navigation, actions } = app;
const parts = makeParts();
putTogether();
hearChanges();
watchConnection();
forgetSelectionElsewhere();
begin();

/** @returns {App} */
function makeApp() {
  const view = localStorage.getItem("playhead.view") === "list" ? "list" : "grid";
  const store = new Store({
    place: START,
    user: "",
    scopes: [],
    mayAdminister: false,
    maySeeFiles: false,
    mayMark: false,
    sources: [],
    projects: [],
    sidebarLoaded: false,
    tags: [],
    connection: "connecting",
    activities: [],
    view,
  });
  const made = /** @type {App} */ ({ store, reloadSidebar, reloadTags });
  made.navigation = new Navigation(store);
  made.library = new Library(store);
  made.selection = new Selection();
  made.uploads = new Uploads();
  made.live = new Live();
  made.log = new Log({ mayRead: () => mayWith(store.state.scopes, "audit") });
  made.jobs = new Jobs(made.live);
  made.actions = new Actions(made);
  return made;
}

function makeParts() {
  const picker = h("input", {
    type: "file",
    multiple: true,
    class: "off-screen",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  picker.addEventListener("change", () => {
    take([...picker.files]);
    picker.value = "";
  });
  const pick = () => picker.click();
  const view = new MediaView(app);
  const sideBar = new SideBar(app);
  const topBar = new TopBar(app, { onMenu: () => sideBar.toggle(true), onUpload: pick });
  const state = new ListingState(app, { onUpload: pick });
  const preview = new FilePreview(app, { onClosed: (key) => view.focusKey(key) });
  const panel = new UploadPanel(app, { onChoose: pick });
  const bar = new ActionBar(app);
  const dashBoard = new DashBoard(app, { onMenu: () => sideBar.toggle(true) });
  return { picker, pick, view, sideBar, topBar, state, preview, panel, bar, dashBoard };
}

function putTogether() {
  const { picker, pick, view, sideBar, topBar, state, preview, panel, bar, dashBoard } = parts;
  const listing = h("main", { class: "listing", id: "listing", tabindex: "-1" }, state, view, bar);
  const content = h("div", { class: "content" }, makeBanner(), topBar, listing, dashBoard, panel);
  document.body.prepend(sideBar, content, preview, picker);
  acceptDrops(dropText, take);
  store.watch(["place"], ({ place }) => {
    topBar.hidden = listing.hidden = !isListing(place.area);
    dashBoard.hidden = isListing(place.area);
  });
  store.watch(["view"], (state) => localStorage.setItem("playhead.view", state.view));
  const turnView = () => store.update({ view: store.state.view === "grid" ? "list" : "grid" });
  const search = () => (topBar.hidden ? dashBoard.focusSearch() : topBar.focusSearch());
  listenToKeys(app, { search, upload: pick, turnView });
}

/** What there is to hear depends on who one is; if that cannot be asked, hearing is tried. */
async function begin() {
  await lookAround();
  const { scopes, maySeeFiles } = store.state;
  if (maySeeFiles || scopes.length === 0) live.start();
  else if (may("audit") || may("play")) log.start();
  else store.update({ connection: "deaf" });
  store.watch(["place"], ({ place }) => void (place.area === "" && settle()));
}

/** Loads what the frame of the page shows. */
async function lookAround() {
  await meet();
  if (!store.state.maySeeFiles) return;
  reloadSidebar();
  reloadTags();
  app.jobs.look();
}

/** @param {string} scope */
function may(scope) {
  return mayWith(store.state.scopes, scope);
}

/** Whoever names no place begins with what is going on, or with the files if that is all. */
async function settle() {
  const isAlone = may("media") && !(await hasCompany());
  if (store.state.place.area === "") navigation.replace({ area: isAlone ? "library" : "now" });
}

/** Whether there are servers or players. */
async function hasCompany() {
  const status = may("audit") ? await attemptQuietly(board.status) : null;
  return status ? status.servers.length + status.players_count > 0 : false;
}

/** Who is here, and what they may do. */
async function meet() {
  const answer = await attemptQuietly(api.whoami);
  if (!answer) return;
  const { user, scopes } = answer;
  store.update({
    user,
    scopes: isSame(scopes, store.state.scopes) ? store.state.scopes : scopes,
  });
  store.update({
    mayAdminister: may("admin"),
    maySeeFiles: may("media"),
    mayMark: may("play"),
  });
}

async function reloadSidebar() {
  if (!store.state.maySeeFiles) return;
  const answers = await attemptQuietly(() => Promise.all([api.sources(), api.projects()]));
  if (!answers) return;
  const [sources, projects] = answers;
  const { state } = store;
  store.update({
    sources: isSame(sources, state.sources) ? state.sources : sources,
    projects: isSame(projects, state.projects) ? state.projects : projects,
    sidebarLoaded: true,
  });
}

/**
 * What is the same as before is not drawn again: somebody may be about to click on it.
 *
 * @param {object} one
 * @param {object} other
 */
function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function reloadTags() {
  if (!store.state.maySeeFiles) return;
  const { source, project } = store.state.place;
  const query = { source: source || undefined, project: project || undefined };
  const answer = await attemptQuietly(() => api.tags(query));
  if (answer) store.update({ tags: answer.tags });
}

function dropText() {
  const { project } = store.state.place;
  return project ? `Drop to upload to ${project}` : "Drop to upload";
}

/**
 * Queues files for the project in sight, or for one that is asked for.
 *
 * @param {File[]} files
 */
async function take(files) {
  if (files.length === 0) return;
  const { source, project, area } = store.state.place;
  const here = area === "library" && project ? { source, name: project } : null;
  const target = here ?? (await askForTarget(files.length));
  if (!target) return;
  const queued = uploads.add(files, { source: target.source, project: target.name });
  if (queued < files.length) tell(`Only ${plural(queued, "file")} fit into the queue.`);
}

/** @param {number} count */
function askForTarget(count) {
  return askForProject({
    title: `Upload ${plural(count, "file")}`,
    text: "To which project?",
    accept: "Upload",
    projects: store.state.projects,
    onCreate: () => actions.createProject(store.state.place.source),
  });
}

function hearChanges() {
  const sidebarSoon = debounce(reloadSidebar, SIDEBAR_MS);
  live.addEventListener("change", (event) => {
    const { source, project, kind } = /** @type {CustomEvent} */ (event).detail;
    if (kind === "job" || kind === "marker") return; // who shows them listens for itself
    if (concerns(source, project)) library.refreshSoon();
    sidebarSoon();
  });
  live.addEventListener("again", () => {
    if (isListing(store.state.place.area)) library.refresh();
    lookAround();
  });
  live.addEventListener("progress", (event) => {
    note(/** @type {CustomEvent<Activity>} */ (event).detail);
  });
  library.addEventListener("gone", (event) => {
    selection.forget(/** @type {CustomEvent<string[]>} */ (event).detail);
  });
}

/**
 * Whether something that happened there can be seen here.
 *
 * @param {string} source
 * @param {string} project
 */
function concerns(source, project) {
  const { place } = store.state;
  if (!isListing(place.area)) return false;
  const isOtherSource = place.source && source && place.source !== source;
  const isOtherProject = place.project && project && place.project !== project;
  return !isOtherSource && !isOtherProject;
}

/** @param {Activity} activity */
function note(activity) {
  const others = store.state.activities.filter(({ task }) => task !== activity.task);
  store.update({ activities: [...others, activity] });
  if (activity.state === "running") return;
  setTimeout(() => {
    const rest = store.state.activities.filter((one) => one !== activity);
    store.update({ activities: rest });
  }, DONE_SHOWN_MS);
}

/** A bar that says so while the daemon cannot be heard; a blink of the line is not worth it. */
function makeBanner() {
  return h("div", { class: "banner", role: "status", hidden: true });
}

function watchConnection() {
  for (const stream of [live, log]) {
    const isFirst = () => stream === live || !live.isWanted;
    stream.addEventListener("open", () => isFirst() && store.update({ connection: "live" }));
    stream.addEventListener("lost", () => isFirst() && store.update({ connection: "lost" }));
  }
  const banner = /** @type {HTMLElement} */ (document.querySelector(".banner"));
  let timer = 0;
  store.watch(["connection"], ({ connection }) => {
    document.body.dataset.connection = connection;
    clearTimeout(timer);
    if (connection !== "lost") {
      banner.hidden = true;
      return;
    }
    timer = setTimeout(() => {
      banner.textContent = "The daemon cannot be reached. This page goes on by itself once it can.";
      banner.hidden = false;
    }, LOST_SHOWN_MS);
  });
}

/** Another search shows other files: what was selected before must not be acted on unseen. */
function forgetSelectionElsewhere() {
  let before = store.state.place;
  store.watch(["place"], ({ place }) => {
    if (!isSameQuery(before, place)) selection.clear();
    const isElsewhere = before.source !== place.source || before.project !== place.project;
    before = place;
    if (isElsewhere && isListing(place.area)) reloadTags();
  });
}
