"""JSON arrays and concatenated JSON values, cut into elements without parsing the whole.

The scanner works on bytes, so invalid UTF-8 in a string does not disturb it, and holds one
element at a time. It looks only at brackets, strings and line feeds; whether an element is
JSON is for the parser to say. After a broken element it goes on at the next line that looks
like the beginning of an element.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from curation.reading.jsonl import BOM, CHUNK_BYTES
from curation.reading.rows import EXCERPT_BYTES, Problem
from curation.reading.streams import ByteStream

_BETWEEN = re.compile(rb"[\s,]*+")
_BARE = re.compile(rb'[^,\[\]{}"]*+')
# JSON has no raw line feed inside a string: one there means that the string is broken.
_STRING_REST = re.compile(rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+')
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+")*+')
_FLAT = re.compile(rb"\{[ \t\r]*\n[^\s}]")
_INLINE = re.compile(rb"\}\s*+,\s*+\{")
_CLOSER = {ord("{"): ord("}"), ord("["): ord("]")}
_MAX_DEPTH = 1_024
_CUT_OFF = ("truncated_file", "corrupt_file")
# Going back after a broken element reads its bytes again; an input made of nothing but
# broken elements may cost this much and no more.
_RESCAN_BYTES = 16 * 2**20


class Piece(NamedTuple):
    """The bytes of one element, or the beginning of something that is none."""

    position: int
    data: bytes
    problem: Problem | None


class JsonScanner:
    """Cuts a stream into its elements: `JsonScanner(stream, limit).pieces()`.

    Parameters: `limit` is the longest element in bytes; a longer one is skipped, not held.

    >>> import io
    >>> scanner = JsonScanner(ByteStream(io.BytesIO(b'[{"a": "]"}, 2')), 99)
    >>> [(p.position, p.data, p.problem and p.problem.reason) for p in scanner.pieces()]
    [(1, b'{"a": "]"}', None), (13, b'2', None), (14, b'', 'truncated_file')]
    """

    def __init__(self, stream: ByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._buffer = b""
        self._base = 0  # offset of the buffer in the file
        self._pos = 0  # next byte to look at, in the buffer
        self._mark = 0  # beginning of the element, in the buffer
        self._start = 0  # beginning of the element, in the file
        self._head: bytes | None = None  # its first bytes, once it is too long to be held
        self._indent: bytes | None = b""  # what stands before it on its line
        self._budget = _RESCAN_BYTES

    def pieces(self) -> Iterator[Piece]:
        """Every element in order, and every stretch of bytes that is not one."""
        in_array = cut_off = False
        self._more()
        if self._buffer.startswith(BOM):
            self._pos = len(BOM)
        while self._to_element():
            byte = self._buffer[self._pos : self._pos + 1]
            if (byte == b"[" and not in_array) or (byte == b"]" and in_array):
                in_array = byte == b"["
                self._pos += 1
                continue
            piece = self._element(byte)
            cut_off = piece.problem is not None and piece.problem.reason in _CUT_OFF
            yield piece
            self._indent = None
        damage = self._stream.damage
        if not cut_off and (in_array or damage):
            problem = damage or Problem("truncated_file", "the array is not closed")
            yield Piece(self._base + self._pos, b"", problem)

    def _more(self) -> bool:
        """Read on, keeping the current element unless it has become too long."""
        held = len(self._buffer) - self._mark
        if held > self._limit and self._head is None:
            self._head = self._buffer[self._mark : self._mark + EXCERPT_BYTES]
        keep = self._mark if self._head is None else self._pos
        chunk = self._stream.read(max(CHUNK_BYTES, held // 4 if self._head is None else 0))
        self._buffer = self._buffer[keep:] + chunk
        self._base += keep
        self._pos -= keep
        self._mark -= keep
        return bool(chunk)

    def _to_element(self) -> bool:
        self._head = None
        while True:
            between = _BETWEEN.match(self._buffer, self._pos)
            text = between.group() if between else b""
            line_feed = text.rfind(b"\n")
            if line_feed >= 0:
                self._indent = text[line_feed + 1 :].replace(b",", b"")
            elif self._indent is not None:
                self._indent += text
            self._pos += len(text)
            self._mark = self._pos
            if self._pos < len(self._buffer):
                self._start = self._base + self._pos
                return True
            if not self._more():
                return False

    def _element(self, byte: bytes) -> Piece:
        if byte in (b"{", b"["):
            problem = self._balanced()
        elif byte == b'"':
            self._pos += 1
            problem = self._string()
        else:
            self._bare()
            problem = None
        if problem:
            problem = self._resume(problem)
        data = self._head or self._buffer[self._mark : self._pos]
        if self._head or self._base + self._pos - self._start > self._limit:
            detail = f"an element is longer than max_row_bytes={self._limit}"
            problem = problem or Problem("row_too_large", detail)
        return Piece(self._start, data[:EXCERPT_BYTES] if problem else data, problem)

    def _bare(self) -> None:
        """A number, true, false, null or rubbish, such as a bracket that closes nothing."""
        self._pos += 1
        while True:
            match = _BARE.match(self._buffer, self._pos)
            self._pos = match.end() if match else self._pos
            if self._pos < len(self._buffer) or not self._more():
                return

    def _string(self) -> Problem | None:
        """From inside a string to behind its closing quote."""
        while True:
            match = _STRING_REST.match(self._buffer, self._pos)
            self._pos = match.end() if match else self._pos
            rest = self._buffer[self._pos : self._pos + 2]
            if rest[:1] == b'"':
                self._pos += 1
                return None
            if rest not in (b"", b"\\"):
                return Problem("not_json", "a line ends inside a string")
            if not self._more():
                return self._truncated()

    def _balanced(self) -> Problem | None:
        """From an opening bracket to behind the one that closes it."""
        expected = bytearray()
        while True:
            match = _TO_BRACKET.match(self._buffer, self._pos)
            self._pos = match.end() if match else self._pos
            if self._pos == len(self._buffer):
                if self._more():
                    continue
                return self._truncated()
            byte = self._buffer[self._pos]
            self._pos += 1
            if byte in _CLOSER:
                expected.append(_CLOSER[byte])
                if len(expected) > _MAX_DEPTH:
                    return Problem("not_json", f"nested deeper than {_MAX_DEPTH} levels")
            elif byte == ord('"'):
                # The expression stops at a string only if it does not end in the buffer.
                problem = self._string()
                if problem:
                    return problem
            elif byte != expected.pop():
                return Problem("not_json", f"the bracket at {self._base + self._pos - 1} is wrong")
            elif not expected:
                return None

    def _truncated(self) -> Problem:
        detail = "the file ends inside this element"
        return self._stream.damage or Problem("truncated_file", detail)

    def _resume(self, problem: Problem) -> Problem:
        """Find where to go on after a broken element, and stand there."""
        at_end = self._pos == len(self._buffer) and problem.reason in _CUT_OFF
        scanned = self._pos - self._mark
        next_line = self._next_line()
        if next_line and self._head is None and scanned <= self._budget:
            self._budget -= scanned
            found = next_line.search(self._buffer, self._mark)
            if found:
                self._pos = found.end() - 1
                return Problem("not_json", "not closed before the next element begins")
        if at_end:
            return problem
        pattern = next_line or _INLINE
        while not (found := pattern.search(self._buffer, self._pos)):
            # Keep a little, since what is searched may begin in this buffer.
            self._head = self._head or self._buffer[self._mark : self._mark + EXCERPT_BYTES]
            self._pos = max(self._pos, len(self._buffer) - EXCERPT_BYTES)
            if not self._more():
                self._pos = len(self._buffer)
                return problem
        self._pos = found.end() - 1
        return problem

    def _next_line(self) -> re.Pattern[bytes] | None:
        """What the next element's line begins with, where lines tell elements apart."""
        head = self._head or self._buffer[self._mark : self._mark + EXCERPT_BYTES]
        # Without any indentation, objects inside of this element begin lines, too.
        if self._indent is None or (not self._indent and _FLAT.match(head)):
            return None
        return re.compile(rb"\n,?" + re.escape(self._indent) + rb"\{")
