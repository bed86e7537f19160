"""`python -m daemon` is `playhead`."""

from daemon.cli import main

if __name__ == "__main__":  # worker processes load this module too, under another name
    main()
