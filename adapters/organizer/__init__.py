"""Puts episodes that arrive in a directory where they belong, and takes that back when asked."""
