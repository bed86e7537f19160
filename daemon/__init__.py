"""The shell of Playhead: event log, engine, web, command line, supervision."""

__version__ = "0.1.0"
