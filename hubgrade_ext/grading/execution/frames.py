"""Frames on a stream socket: the length of what follows, the number of parts, their lengths, the parts."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_LENGTH = struct.Struct("!I")
_MOST_PARTS = 10_000
# what JSON becomes in Python, at most: a dict as nbformat has it, a list, one thing in either
_BYTES_OF = {b"{": 500, b"[": 100, b",": 40}
MOST_LOADED_BYTES = 256 * 1024**2


class TooLarge(Exception):
    """A frame is longer than allowed, or makes no sense."""


def check_weight(data: bytes | memoryview) -> None:
    """Make sure that JSON does not take hundreds of times its size when it is loaded. Raises: TooLarge."""
    text = bytes(data)
    if sum(text.count(sign) * size for sign, size in _BYTES_OF.items()) > MOST_LOADED_BYTES:
        raise TooLarge


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
        if count > _MOST_PARTS or count * _LENGTH.size > len(body):
            raise TooLarge
        lengths = struct.unpack_from(f"!{count}I", body, _LENGTH.size)
    except struct.error as error:
        raise TooLarge from error
    parts, start = [], _LENGTH.size * (count + 1)
    for length in lengths:
        parts.append(body[start : start + length])
        start += length
    return parts
