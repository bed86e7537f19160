"""
The calls that report playback. They need a user's token: playback is a session's, and the session
of an API key is nobody's.
"""

from adapters.jellyfin.caller import Caller
from adapters.jellyfin.connection import Call

OFF = -1
"""The index of the subtitle track that is none."""


class PlaybackCalls(Caller):
    """What a client reports about playback."""

    async def play_progress(
        self, item_id: str, *, audio_stream: int | None, subtitle_stream: int | None
    ) -> None:
        """
        Says which tracks play, and nothing of a position, which the server keeps. Without subtitle
        track they are off; without audio track the server remembers none.
        """
        subtitle = OFF if subtitle_stream is None else subtitle_stream
        body = {"ItemId": self._id(item_id), "SubtitleStreamIndex": subtitle}
        if audio_stream is not None:
            body |= {"AudioStreamIndex": audio_stream}
        await self._tell(Call(method="POST", route="/Sessions/Playing/Progress", body=body))

    async def play_stopped(self, item_id: str) -> None:
        """Ends the playback in a way that nothing is saved: it failed."""
        body = {"ItemId": self._id(item_id), "Failed": True}
        await self._tell(Call(method="POST", route="/Sessions/Playing/Stopped", body=body))
