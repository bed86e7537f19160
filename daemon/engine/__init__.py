"""Keeps the views in step with the log: live, after a crash, and from zero."""
