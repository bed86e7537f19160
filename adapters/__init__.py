"""The outside: one folder per system Playhead talks to. Knows `projections`, never `daemon`."""
