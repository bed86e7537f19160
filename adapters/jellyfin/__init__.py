"""
Jellyfin: its HTTP API, its WebSocket, and the bodies its webhook plugin sends.

`wire` and `webhook` translate and do no I/O; `client` and `socket` talk and decide nothing.
"""
