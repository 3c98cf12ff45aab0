"""Sequential bytes of a file, decompressed on the way.

Damage to a compressed file ends the stream and is kept in `ByteStream.damage`, so that
every row before it is read; an error of the filesystem itself is raised, since reading
again may succeed.
"""

import bz2
import zlib
from typing import Any, BinaryIO

import zstandard

from curation.reading.rows import Problem

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
# A few bytes of zstd can unfold into 128 KiB: a small step bounds what one call may return.
_STEP = 4096


def compression_of(head: bytes) -> str:
    """How a file is compressed, by its first bytes.

    >>> compression_of(b"BZh91AY")
    'bz2'
    >>> compression_of(b"{}")
    'none'
    """
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


def _decompressor(compression: str) -> Any:
    if compression == "gzip":
        return zlib.decompressobj(wbits=31)
    if compression == "bz2":
        return bz2.BZ2Decompressor()
    # Archives of forums are written with windows of up to 2 GiB (zstd --long=31).
    return zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()


class ByteStream:
    """Reader of a plain, gzip, bz2 or zstd file; concatenated members are one stream.

    >>> import gzip, io
    >>> ByteStream(io.BytesIO(gzip.compress(b"a") + gzip.compress(b"b")), "gzip").read(9)
    b'ab'
    """

    def __init__(self, raw: BinaryIO, compression: str = "none") -> None:
        self._raw = raw
        self._compression = compression
        self._member: Any = None
        self._ready = bytearray()
        self._ended = False
        self.damage: Problem | None = None
        """Why the stream ended before its file did."""

    def read(self, size: int) -> bytes:
        """The next bytes: `size` of them, fewer only at the end of the stream."""
        if self._compression == "none":
            plain = self._raw.read(size)
            while len(plain) < size and (more := self._raw.read(size - len(plain))):
                plain += more
            return plain
        while len(self._ready) < size and not self._ended:
            self._fill()
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def _fill(self) -> None:
        data = self._raw.read(_STEP)
        if not data:
            self._end("truncated_file", "the compressed data end in the middle")
        while data and not self._ended:
            if self._member is None:
                # gzip pads with NUL bytes on block devices and tapes.
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = _decompressor(self._compression)
            try:
                self._ready += self._member.decompress(data)
            except (zlib.error, OSError, ValueError, zstandard.ZstdError) as error:
                self._end("corrupt_file", f"the {self._compression} data are damaged: {error}")
                return
            data = self._member.unused_data if self._member.eof else b""
            if self._member.eof:
                self._member = None

    def _end(self, reason: str, detail: str) -> None:
        self._ended = True
        if self._member is not None:
            self.damage = Problem(reason, detail)
