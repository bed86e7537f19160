"""Routes about sessions, playback reports, the activity log and tasks."""

from __future__ import annotations

from support.jellyfin.call import Body, Call, need_admin
from support.jellyfin.dto import Json
from support.jellyfin.model import Session
from support.jellyfin.refusals import not_found
from support.jellyfin.router import NO_CONTENT, Answer, Route
from support.jellyfin.sessions import Report
from support.jellyfin.state import LIBRARY_SCAN, State
from support.jellyfin.versions import TICKS_PER_SECOND
from support.jellyfin.wire import NO_GUID


def sessions(state: State, call: Call) -> Answer:
    """All of them for administrators and API keys, the own ones for everybody else."""
    device, within = call.text("deviceId"), call.integer("activeWithinSeconds")
    caller = call.caller.user
    found = [
        session
        for session in state.sessions.by_id.values()
        if (call.caller.is_admin or (caller is not None and session.user_id == caller.id))
        and device in {None, session.device_id}
        and (within is None or _age_s(state, session) <= within)
        and call.guid("controllableByUserId") is None
    ]
    return Answer(body=[state.dtos.session(session) for session in found])


def playing(state: State, call: Call) -> Answer:
    """Playback started."""
    state.sessions.started(_session(state, call), _report(call.body()))
    return NO_CONTENT


def progress(state: State, call: Call) -> Answer:
    """Playback goes on."""
    state.sessions.progressed(_session(state, call), _report(call.body()))
    return NO_CONTENT


def stopped(state: State, call: Call) -> Answer:
    """Playback ended."""
    state.sessions.stopped(_session(state, call), _report(call.body()))
    return NO_CONTENT


def old_playing(state: State, call: Call) -> Answer:
    """The same three reports with everything in the query."""
    report = Report(
        item_id=call.need_guid("itemId"),
        position_ticks=call.integer("positionTicks"),
        media_source_id=call.text("mediaSourceId"),
        paused=call.flag("isPaused") is True,
        audio_stream=call.integer("audioStreamIndex"),
        subtitle_stream=call.integer("subtitleStreamIndex"),
        play_session_id=call.text("playSessionId"),
    )
    session = _session(state, call)
    if call.method == "DELETE":
        state.sessions.stopped(session, report)
    elif call.path.lower().rstrip("/").endswith("/progress"):
        state.sessions.progressed(session, report)
    else:
        state.sessions.started(session, report)
    return NO_CONTENT


def nothing(state: State, call: Call) -> Answer:
    """Accepted and of no consequence here."""
    return NO_CONTENT


def capabilities(state: State, call: Call) -> Answer:
    """A client says what it can; its session is seen."""
    _session(state, call)
    return NO_CONTENT


def logout(state: State, call: Call) -> Answer:
    """The token of the caller is worth nothing any more."""
    token = call.caller.token
    if token is not None and token.user_id is not None:
        state.accounts.logout(token)
    return NO_CONTENT


def guest(state: State, call: Call) -> Answer:
    """Adds a user to a session, or takes one away: playback counts for all of them."""
    session = state.sessions.by_id.get(call.text("sessionId") or "")
    user = call.need_guid("userId")
    if session is None or user not in state.users:
        raise not_found()
    if call.method == "DELETE":
        session.additional_users = [other for other in session.additional_users if other != user]
    elif user not in session.additional_users:
        session.additional_users.append(user)
    return NO_CONTENT


def activity(state: State, call: Call) -> Answer:
    """What happened, the newest first."""
    need_admin(call)
    since, with_user = call.date("minDate"), call.flag("hasUserId")
    found = [
        entry
        for entry in reversed(state.activity)
        if (since is None or entry["Date"].unix_ticks >= since.unix_ticks)
        and with_user in {None, entry["UserId"] != NO_GUID}
    ]
    start, limit = call.integer("startIndex") or 0, call.integer("limit")
    page = found[start:] if limit is None else found[start : start + limit]
    return Answer(body={"Items": page, "TotalRecordCount": len(found), "StartIndex": start})


def tasks(state: State, call: Call) -> Answer:
    """The one task there is."""
    need_admin(call)
    task: Json = {
        "Name": LIBRARY_SCAN["TaskName"],
        "State": "Running" if state.timers.armed("scan") else "Idle",
        "Id": LIBRARY_SCAN["TaskId"],
        "Description": LIBRARY_SCAN["TaskDescription"],
        "Category": LIBRARY_SCAN["TaskCategory"],
        "IsHidden": False,
        "Key": LIBRARY_SCAN["ResultKey"],
        "Triggers": [],
    }
    return Answer(body=[task])


def run_task(state: State, call: Call) -> Answer:
    """Starts the scan."""
    need_admin(call)
    if call.text("taskId") != LIBRARY_SCAN["TaskId"]:
        raise not_found()
    state.scan()
    return NO_CONTENT


def _session(state: State, call: Call) -> Session:
    device = call.caller.device
    return state.sessions.seen(
        device["Client"],
        device["Version"],
        device["DeviceId"],
        device["Device"],
        call.caller.user,
    )


def _report(body: Body) -> Report:
    method = body.text("PlayMethod")
    return Report(
        item_id=body.guid("ItemId") or NO_GUID,
        position_ticks=body.integer("PositionTicks"),
        media_source_id=body.text("MediaSourceId"),
        paused=bool(body.flag("IsPaused")),
        muted=bool(body.flag("IsMuted")),
        audio_stream=body.integer("AudioStreamIndex"),
        subtitle_stream=body.integer("SubtitleStreamIndex"),
        play_session_id=body.text("PlaySessionId"),
        failed=bool(body.flag("Failed")),
        method=method if method == "DirectStream" else "DirectPlay",
    )


def _age_s(state: State, session: Session) -> float:
    return (state.now().unix_ticks - session.last_activity.unix_ticks) / TICKS_PER_SECOND


ROUTES = [
    Route("GET", "/Sessions", sessions),
    Route("POST", "/Sessions/Playing", playing),
    Route("POST", "/Sessions/Playing/Progress", progress),
    Route("POST", "/Sessions/Playing/Stopped", stopped),
    Route("POST", "/Sessions/Playing/Ping", nothing),
    Route("POST", "/Sessions/Capabilities/Full", capabilities),
    Route("POST", "/Sessions/Logout", logout),
    Route("POST", "/Sessions/{sessionId}/User/{userId}", guest),
    Route("DELETE", "/Sessions/{sessionId}/User/{userId}", guest),
    Route("GET", "/System/ActivityLog/Entries", activity),
    Route("GET", "/ScheduledTasks", tasks),
    Route("POST", "/ScheduledTasks/Running/{taskId}", run_task),
    Route("POST", "/PlayingItems/{itemId}", old_playing, legacy=True),
    Route("DELETE", "/PlayingItems/{itemId}", old_playing, legacy=True),
    Route("POST", "/PlayingItems/{itemId}/Progress", old_playing, legacy=True),
    Route("POST", "/Users/{userId}/PlayingItems/{itemId}", old_playing, legacy=True),
    Route("DELETE", "/Users/{userId}/PlayingItems/{itemId}", old_playing, legacy=True),
    Route("POST", "/Users/{userId}/PlayingItems/{itemId}/Progress", old_playing, legacy=True),
]
