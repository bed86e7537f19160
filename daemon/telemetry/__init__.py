"""How the daemon says how it is doing: log lines, metrics, traces."""
