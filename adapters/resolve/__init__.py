"""
The agent at the edit suite: it claims jobs of the queue, carries them out in DaVinci Resolve, and
tells how they went.

`agent` asks and reports, `worker` keeps a `child` on a leash, `work` does a job there. `plan` and
`rates` are arithmetic; `api` is what Resolve's scripting documents. The agent runs on the
workstation, where nothing but msgspec, click, blake3 and the standard library is needed;
OpenTimelineIO if it shall write files of that kind.
"""
