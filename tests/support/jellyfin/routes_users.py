"""Routes about the server itself, users, logins, Quick Connect and API keys."""

from __future__ import annotations

from support.jellyfin.call import Body, Call, need_admin
from support.jellyfin.dates import NEVER
from support.jellyfin.dto import Json
from support.jellyfin.model import Session, Token, User
from support.jellyfin.refusals import Refused, not_found
from support.jellyfin.router import NO_CONTENT, Answer, Route
from support.jellyfin.state import State
from support.jellyfin.wire import NO_GUID


def public_info(state: State, call: Call) -> Answer:
    """What anybody may know."""
    return Answer(body=_public(state, call))


def info(state: State, call: Call) -> Answer:
    """What somebody logged in may know."""
    flags = {
        "HasPendingRestart": False,
        "IsShuttingDown": False,
        "SupportsLibraryMonitor": True,
        "WebSocketPortNumber": 8096,
        "CompletedInstallations": [],
    }
    return Answer(body=_public(state, call) | flags)


def ping(state: State, call: Call) -> Answer:
    """A word."""
    return Answer(body="Jellyfin Server")


def configuration(state: State, call: Call) -> Answer:
    """The settings that matter to user data."""
    body: Json = {
        "QuickConnectAvailable": state.accounts.quick_connect,
        "MinResumePct": state.rules.min_percent,
        "MaxResumePct": state.rules.max_percent,
        "MinResumeDurationSeconds": state.rules.min_duration_s,
    }
    if not state.version.legacy_auth_fixed:
        body["EnableLegacyAuthorization"] = state.legacy_auth
    return Answer(body=body)


def users(state: State, call: Call) -> Answer:
    """Everybody, by name."""
    hidden, disabled = call.flag("isHidden"), call.flag("isDisabled")
    found = [
        user
        for user in sorted(state.users.values(), key=lambda user: user.name)
        if hidden in {None, user.hidden} and disabled in {None, user.disabled}
    ]
    return Answer(body=[state.dtos.user(user) for user in found])


def public_users(state: State, call: Call) -> Answer:
    """Who is shown on the login page."""
    shown = [user for user in state.users.values() if not user.hidden and not user.disabled]
    return Answer(body=[state.dtos.user(user) for user in shown])


def me(state: State, call: Call) -> Answer:
    """The caller; an API key is nobody."""
    if call.caller.user is None:
        raise Refused(400, {"title": "Bad Request", "status": 400, "traceId": "00-0-0-00"})
    return Answer(body=state.dtos.user(call.caller.user))


def user(state: State, call: Call) -> Answer:
    """One user."""
    return Answer(body=state.dtos.user(_user(state, call)))


def new_user(state: State, call: Call) -> Answer:
    """A new user."""
    need_admin(call)
    body = call.body()
    made = state.accounts.create(body.text("Name") or "", body.text("Password"))
    return Answer(body=state.dtos.user(made))


def delete_user(state: State, call: Call) -> Answer:
    """Removes a user with tokens, playlists and user data."""
    need_admin(call)
    state.accounts.remove(_user(state, call))
    return NO_CONTENT


def update_user(state: State, call: Call) -> Answer:
    """Renames and configures."""
    target, body = _updatable(state, call), call.body()
    if body.text("Name") != target.name:
        state.accounts.rename(target, body.text("Name") or "")
    if isinstance(body.get("Configuration"), dict):
        _configure(target, body.get("Configuration"))
    return NO_CONTENT


def update_configuration(state: State, call: Call) -> Answer:
    """Configures; nobody is told."""
    _configure(_updatable(state, call), {key: call.body().get(key) for key in _CONFIGURED})
    return NO_CONTENT


def update_password(state: State, call: Call) -> Answer:
    """Changes a password; whoever is no administrator, or changes the own one, knows the old."""
    target, body = _updatable(state, call), call.body()
    if body.flag("ResetPassword"):
        state.accounts.change_password(target, "")
        return NO_CONTENT
    own = call.guid("userId") is not None and call.caller.user is target
    if (not call.caller.is_admin or own) and (body.text("CurrentPw") or "") != target.password:
        raise Refused(403, "Invalid user or password entered.")
    state.accounts.change_password(target, body.text("NewPw") or "")
    token = call.caller.token
    state.accounts.revoke(target, but=token.value if token else None)
    return NO_CONTENT


def update_policy(state: State, call: Call) -> Answer:
    """Rights. One administrator must remain; nobody is told."""
    need_admin(call)
    target, body = _user(state, call), call.body()
    admin, disabled = bool(body.flag("IsAdministrator")), bool(body.flag("IsDisabled"))
    if target.admin and not admin and sum(other.admin for other in state.users.values()) == 1:
        raise Refused(403, "There must be at least one user with administrative access.")
    if target.admin and disabled:
        raise Refused(403, "Administrators cannot be disabled.")
    if disabled and not target.disabled:
        state.accounts.revoke(target)
    target.admin, target.disabled = admin, disabled
    target.hidden = bool(body.flag("IsHidden"))
    target.may_delete = bool(body.flag("EnableContentDeletion"))
    everything = body.flag("EnableAllFolders") is not False
    target.folders = None if everything else body.guids("EnabledFolders") or []
    target.max_active_sessions = body.integer("MaxActiveSessions") or 0
    return NO_CONTENT


def easy_password(state: State, call: Call) -> Answer:
    """A route that only says no."""
    raise Refused(403 if state.version.easy_password_route else 404)


def authenticate_by_name(state: State, call: Call) -> Answer:
    """Name and password for a token."""
    body = call.body()
    name = body.text("Username")
    found = state.accounts.login(name, body.text("Pw"), call.caller.device)
    state.log_activity("AuthenticationSucceeded", f"{found[0].name} logged in", found[0])
    return Answer(body=_authentication(state, found))


def authenticate_with_quick_connect(state: State, call: Call) -> Answer:
    """A secret for a token."""
    secret = call.body().text("Secret") or ""
    return Answer(body=_authentication(state, state.accounts.quick_login(secret)))


def quick_connect_enabled(state: State, call: Call) -> Answer:
    """Whether there is Quick Connect."""
    return Answer(body=state.accounts.quick_connect)


def quick_connect_initiate(state: State, call: Call) -> Answer:
    """A secret and a code."""
    request = state.accounts.quick_initiate(call.caller.device)
    return Answer(body=_quick(state, request.secret))


def quick_connect_state(state: State, call: Call) -> Answer:
    """Whether somebody has allowed it."""
    return Answer(body=_quick(state, call.text("secret") or ""))


def quick_connect_authorize(state: State, call: Call) -> Answer:
    """Allows it, for the caller or, as an administrator, for anybody."""
    state.accounts.quick_authorize(call.text("code") or "", state.user_of(call))
    return Answer(body=True)


def api_keys(state: State, call: Call) -> Answer:
    """All API keys."""
    need_admin(call)
    keys = [token for token in state.accounts.tokens.values() if token.user_id is None]
    items = [
        {
            "Id": number,
            "AccessToken": key.value,
            "AppName": key.client,
            "UserId": NO_GUID,
            "IsActive": True,
            "DateCreated": key.created,
            "DateLastActivity": NEVER,
        }
        for number, key in enumerate(keys, start=1)
    ]
    return Answer(body={"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})


def new_api_key(state: State, call: Call) -> Answer:
    """A new API key; which one it is must be looked up."""
    need_admin(call)
    state.accounts.add_api_key(call.text("app") or "")
    return NO_CONTENT


def delete_api_key(state: State, call: Call) -> Answer:
    """Withdraws an API key."""
    need_admin(call)
    state.accounts.tokens.pop(call.text("key") or "", None)
    return NO_CONTENT


_CONFIGURED = ("RememberAudioSelections", "RememberSubtitleSelections")


def _public(state: State, call: Call) -> Json:
    return {
        "LocalAddress": f"http://{call.headers.get('Host', '127.0.0.1')}",
        "ServerName": state.name,
        "Version": state.version.number,
        "ProductName": "Jellyfin Server",
        "OperatingSystem": "",
        "Id": state.id,
        "StartupWizardCompleted": True,
    }


def _user(state: State, call: Call) -> User:
    found = state.users.get(call.need_guid("userId"))
    if found is None:
        raise not_found("User not found")
    return found


def _updatable(state: State, call: Call) -> User:
    caller = call.caller.user
    target = _user(state, call) if call.guid("userId") else caller
    if target is None:
        raise not_found()
    if target is not caller and not call.caller.is_admin:
        raise Refused(403, "User update not allowed.")
    return target


def _configure(target: User, values: Json) -> None:
    body = Body(values, 0)
    audio, subtitles = (body.flag(name) for name in _CONFIGURED)
    target.remember_audio = target.remember_audio if audio is None else audio
    target.remember_subtitles = target.remember_subtitles if subtitles is None else subtitles


def _authentication(state: State, found: tuple[User, Session, Token]) -> Json:
    who, session, token = found
    return {
        "User": state.dtos.user(who),
        "SessionInfo": state.dtos.session(session),
        "AccessToken": token.value,
        "ServerId": state.id,
    }


def _quick(state: State, secret: str) -> Json:
    request = state.accounts.quick_state(secret)
    return {
        "Authenticated": request.authenticated,
        "Secret": request.secret,
        "Code": request.code,
        "DeviceId": request.device["DeviceId"],
        "DeviceName": request.device["Device"],
        "AppName": request.device["Client"],
        "AppVersion": request.device["Version"],
        "DateAdded": request.added,
    }


ROUTES = [
    Route("GET", "/System/Info/Public", public_info, open=True),
    Route("GET", "/System/Info", info),
    Route("GET", "/System/Ping", ping, open=True),
    Route("POST", "/System/Ping", ping, open=True),
    Route("GET", "/System/Configuration", configuration),
    Route("GET", "/Users", users),
    Route("POST", "/Users", update_user),
    Route("GET", "/Users/Public", public_users, open=True),
    Route("GET", "/Users/Me", me),
    Route("POST", "/Users/New", new_user),
    Route("POST", "/Users/Password", update_password),
    Route("POST", "/Users/Configuration", update_configuration),
    Route("POST", "/Users/AuthenticateByName", authenticate_by_name, open=True),
    Route(
        "POST", "/Users/AuthenticateWithQuickConnect", authenticate_with_quick_connect, open=True
    ),
    Route("GET", "/Users/{userId}", user),
    Route("DELETE", "/Users/{userId}", delete_user),
    Route("POST", "/Users/{userId}/Policy", update_policy),
    Route("POST", "/Users/{userId}", update_user, legacy=True),
    Route("POST", "/Users/{userId}/Password", update_password, legacy=True),
    Route("POST", "/Users/{userId}/Configuration", update_configuration, legacy=True),
    Route("POST", "/Users/{userId}/EasyPassword", easy_password, legacy=True),
    Route("GET", "/QuickConnect/Enabled", quick_connect_enabled, open=True),
    Route("POST", "/QuickConnect/Initiate", quick_connect_initiate, open=True),
    Route("GET", "/QuickConnect/Initiate", quick_connect_initiate, open=True, legacy=True),
    Route("GET", "/QuickConnect/Connect", quick_connect_state, open=True),
    Route("POST", "/QuickConnect/Authorize", quick_connect_authorize),
    Route("GET", "/Auth/Keys", api_keys),
    Route("POST", "/Auth/Keys", new_api_key),
    Route("DELETE", "/Auth/Keys/{key}", delete_api_key),
]
