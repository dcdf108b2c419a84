"""Frames on a stream socket: the length of what follows, the number of parts, their lengths, the parts."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_LENGTH = struct.Struct("!I")


class TooLarge(Exception):
    """A frame is longer than allowed, or makes no sense."""


def frame(*parts: bytes | memoryview) -> bytes:
    """Return one frame of these parts."""
    lengths = b"".join(_LENGTH.pack(memoryview(part).nbytes) for part in parts)
    body = b"".join((_LENGTH.pack(len(parts)), lengths, *parts))
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Put frames together from what is received; none longer than `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Yield the parts of each frame that is whole now. Raises TooLarge."""
        self._data += data
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            if length > self._most_bytes:
                raise TooLarge
            end = _LENGTH.size + length
            if len(self._data) < end:
                return
            body = bytes(memoryview(self._data)[_LENGTH.size : end])
            del self._data[:end]
            yield _parts(body)


def _parts(body: bytes) -> list[bytes]:
    try:
        (count,) = _LENGTH.unpack_from(body)
        if count * _LENGTH.size > len(body):
            raise TooLarge
        lengths = struct.unpack_from(f"!{count}I", body, _LENGTH.size)
    except struct.error as error:
        raise TooLarge from error
    parts, start = [], _LENGTH.size * (count + 1)
    for length in lengths:
        parts.append(body[start : start + length])
        start += length
    return parts
