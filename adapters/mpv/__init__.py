"""Players: mpv on this machine, over its JSON IPC."""
