"""
What a command needs to speak to a running daemon and must not stand on a command line.
"""

import os


def token_from_environment() -> str:
    """The token in PLAYHEAD_TOKEN; empty when there is none."""
    return os.environ.get("PLAYHEAD_TOKEN", "").strip()
