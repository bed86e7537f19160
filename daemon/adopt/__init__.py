"""
Taking over from the programs that did this work before: their settings become ours, what they had
written down becomes events.

One module per ancestor maps what it reads and touches no file; `trees` and `databases` read,
`document` writes TOML. Nothing of theirs is ever changed.
"""
