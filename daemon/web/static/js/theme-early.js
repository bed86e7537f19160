/**
 * Sets the remembered colours before the first paint; a module would come too late and flash.
 */
document.documentElement.dataset.theme = localStorage.getItem("playhead.theme") ?? "";
