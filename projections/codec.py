"""
Events to bytes and back.

Stored form: the type's name, with `.2`, `.3`, ... appended from its second version on, and a
msgpack map of the fields that differ from their default. Reading brings old versions up to date one
step at a time through `UPCASTERS`; a type or version that this release does not know comes back as
`Opaque` and is written back unchanged.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import msgspec

from projections.errors import DecodeError
from projections.events import Event, Opaque
from projections.vocabulary import EVENT_TYPES, TYPE_NAMES

Fields: TypeAlias = dict[str, Any]
Upcaster: TypeAlias = Callable[[Fields], Fields]


UNREADABLE = (msgspec.MsgspecError, UnicodeError, KeyError, TypeError, ValueError)
"""What decoding raises for bytes that are not what they should be."""


class Codec:
    """
    Encodes and decodes one vocabulary of events.

    Args:
        types: name of each event type, without version.
        upcasters: for `(name, n)` the function that turns the fields of version n into those of
            version n + 1. The current version of a type is one more than the highest n given.

    Attributes:
        decoders: what reads the current versions, by the name they are stored under.
    """

    def __init__(
        self,
        types: Mapping[str, type[Event]],
        *,
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        self._upcasters = dict(upcasters or {})
        self._encoder = msgspec.msgpack.Encoder()
        self._names: dict[type[Event], str] = {}
        self.decoders: dict[str, Callable[[bytes], Event]] = {}
        self._old: dict[str, tuple[str, int]] = {}
        for name, kind in types.items():
            current = self._current_version(name)
            self._names[kind] = _stored_name(name, current)
            self.decoders[_stored_name(name, current)] = msgspec.msgpack.Decoder(kind).decode
            self._old |= {_stored_name(name, n): (name, n) for n in range(1, current)}
        self._types = dict(types)

    def type_of(self, event: Event) -> str:
        """The name, with version, under which an event is stored."""
        return self._names[type(event)]

    def encode(self, event: Event | Opaque) -> bytes:
        """The bytes that `decode` turns back into an equal event."""
        if isinstance(event, Opaque):
            return event.data
        return self._encoder.encode(event)

    def decoder_of(self, type_name: str) -> Callable[[bytes], Event | Opaque]:
        """
        What decodes events stored as that type; it raises as `decode` does, or `UNREADABLE`.
        Whoever reads millions takes it once for many.
        """
        return self.decoders.get(type_name) or partial(self.decode, type_name)

    def decode(self, type_name: str, data: bytes) -> Event | Opaque:
        """
        The event that was stored as `data`, in the shape of this release.

        Raises:
            DecodeError: the type is known but the bytes do not fit it.
        """
        decoder = self.decoders.get(type_name)
        try:
            if decoder is not None:
                return decoder(data)
            if type_name in self._old:
                return self._decode_old(*self._old[type_name], data)
        except UNREADABLE as error:
            raise damaged(type_name, error) from error
        if not isinstance(data, bytes):  # a torn page reads as nothing at all
            raise DecodeError(f"A stored event of type {type_name!r} is damaged: it has no data")
        return Opaque(data)

    def _decode_old(self, name: str, version: int, data: bytes) -> Event:
        fields: Fields = msgspec.msgpack.decode(data, type=dict[str, Any])
        for step in range(version, self._current_version(name)):
            fields = self._upcasters[name, step](fields)
        return msgspec.convert(fields, self._types[name])

    def _current_version(self, name: str) -> int:
        return 1 + max((n for known, n in self._upcasters if known == name), default=0)


def damaged(type_name: str, error: Exception) -> DecodeError:
    """The complaint about an event that cannot be read."""
    return DecodeError(f"A stored event of type {type_name!r} is damaged: {error}")


def _stored_name(name: str, version: int) -> str:
    assert version >= 1
    return name if version == 1 else f"{name}.{version}"


UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""None yet: every released type is at its first version."""

CODEC = Codec(EVENT_TYPES, upcasters=UPCASTERS)
"""The codec of this release."""

assert len(TYPE_NAMES) == len(EVENT_TYPES), "two names share one event class"
