"""
How Jellyfin 10.10, 10.11 and 12 differ, as far as somebody who syncs user data can notice.

Each difference is a named trait, so that the code of the double reads as a rule ("if starting
unplays") and no version number is compared anywhere else.
"""

from dataclasses import dataclass

TICKS_PER_SECOND = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Version:
    """One release of the server and what is particular about it."""

    number: str
    legacy_auth: bool
    """`api_key=`, `X-Emby-Token` and their kin open the door by default."""
    legacy_auth_fixed: bool
    """The administrator cannot switch the old ways off."""
    legacy_header_first: bool
    """`X-Emby-Authorization` wins over `Authorization`."""
    start_unplays: bool
    """Merely starting a film takes its watched mark away (jellyfin#14351)."""
    end_margin_ticks: int
    """A position this close to the end counts as watched to the end."""
    unchanged_progress_saves: bool
    """A progress report is saved, and announced, even when nothing changed."""
    rows_shared: bool
    """User data hang on provider ids: two copies of one film share them."""
    item_id_in_user_data: bool
    """`ItemId` of a user data answer names the item; otherwise it is all zeros."""
    api_key_removes_entries: bool
    """An API key may take entries out of a playlist."""
    api_key_sees_sessions_on_socket: bool
    """`SessionsStart` works with an API key; otherwise the handler dies (jellyfin#13479)."""
    moves_with_prior_index: bool
    """The older way of moving a playlist entry: wrong at both ends (jellyfin#13651, #14233)."""
    entries_added_at_position: bool
    """Adding to a playlist knows `position=`."""
    dislikes_filter_finds_likes: bool
    """`filters=Dislikes` answers with the liked items."""
    series_played_by_any_episode: bool
    """`filters=IsPlayed` finds a series of which one episode was watched."""
    folders_played_by_children: bool
    """`filters=IsPlayed` computes folders from their children instead of reading their own row."""
    versions_merged: bool
    """User data of a film with several files are merged when read and propagated when marked."""
    easy_password_route: bool
    """The route of the old PIN still exists and says 403."""
    webhook_plugin: str
    """The release of the webhook plugin made for this server."""


V10_10 = Version(
    number="10.10.7",
    legacy_auth=True,
    legacy_auth_fixed=True,
    legacy_header_first=True,
    start_unplays=True,
    end_margin_ticks=0,
    unchanged_progress_saves=True,
    rows_shared=True,
    item_id_in_user_data=False,
    api_key_removes_entries=False,
    api_key_sees_sessions_on_socket=False,
    moves_with_prior_index=True,
    entries_added_at_position=False,
    dislikes_filter_finds_likes=False,
    series_played_by_any_episode=False,
    folders_played_by_children=False,
    versions_merged=False,
    easy_password_route=True,
    webhook_plugin="17.0.0.0",
)

V10_11 = Version(
    number="10.11.11",
    legacy_auth=True,
    legacy_auth_fixed=False,
    legacy_header_first=False,
    start_unplays=True,
    end_margin_ticks=TICKS_PER_SECOND,
    unchanged_progress_saves=True,
    rows_shared=False,
    item_id_in_user_data=True,
    api_key_removes_entries=True,
    api_key_sees_sessions_on_socket=True,
    moves_with_prior_index=False,
    entries_added_at_position=False,
    dislikes_filter_finds_likes=True,
    series_played_by_any_episode=True,
    folders_played_by_children=False,
    versions_merged=False,
    easy_password_route=True,
    webhook_plugin="21.0.0.0",
)

V12 = Version(
    number="12.0.0",
    legacy_auth=False,
    legacy_auth_fixed=False,
    legacy_header_first=False,
    start_unplays=False,
    end_margin_ticks=TICKS_PER_SECOND,
    unchanged_progress_saves=False,
    rows_shared=False,
    item_id_in_user_data=True,
    api_key_removes_entries=True,
    api_key_sees_sessions_on_socket=True,
    moves_with_prior_index=False,
    entries_added_at_position=True,
    dislikes_filter_finds_likes=False,
    series_played_by_any_episode=False,
    folders_played_by_children=True,
    versions_merged=True,
    easy_password_route=False,
    webhook_plugin="22.0.0.0",
)

VERSIONS = (V10_10, V10_11, V12)
