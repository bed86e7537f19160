"""`python -m daemon` is `playhead`."""

from daemon.cli import main

main()
