"""The append-only event log: its file, its one writer, and the proof that it is whole."""
