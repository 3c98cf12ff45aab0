"""Files to records: the first stage of every pipeline.

    patterns → list files → plan shards ⇄ read and parse rows → conversations, pairs, documents
                                                  │  or candidate sets
                                                  └ messages of trees ⇄ join ┘

Each ⇄ is a shuffle. What crosses the first two is a few words for each file and shard;
only messages that come one in each row are shuffled themselves.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, NamedTuple

import apache_beam as beam
from apache_beam import coders
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import TaggedOutput

from curation import progress
from curation.formats import (
    FORMATS_OF,
    KINDS,
    MAX_TURN_CHARS,
    Context,
    TreeMessage,
    join_messages,
    parse_row,
)
from curation.reading import (
    MAX_ROW_BYTES,
    SHARD_BYTES,
    InputFile,
    Row,
    Shard,
    list_local,
    plan_shards,
    read_rows,
)
from schemas.coders import RecordCoder
from schemas.errors import InputError, UsageError
from schemas.records import CandidateSet, Conversation, Document, PreferencePair, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage

for _record in (InputFile, Shard, TreeMessage):
    coders.registry.register_coder(_record, RecordCoder)

_Message = tuple[tuple[str, str], TreeMessage]


class Records(NamedTuple):
    """What the input holds."""

    conversations: beam.PCollection[Conversation]
    pairs: beam.PCollection[PreferencePair]
    documents: beam.PCollection[Document]
    candidates: beam.PCollection[CandidateSet]
    rejects: beam.PCollection[Reject]
    counts: beam.PCollection[Count]
    """Funnel counts of the stage `ingest`, in rows; a file that is refused is one row."""


class ReadRecords(Stage):
    """Read conversations and preference pairs, or documents, or candidate sets, from files.

    Input: a pipeline. Output: `Records`.

    Parameters: `patterns` are files, directories (read with all that is in them, without
    hidden files) and globs, on any filesystem that Beam can open. `kind` says what they hold:
    `records` (conversations and pairs), `documents`, or `candidates` (prompts with several scored
    responses); a row of another kind is a reject. `format` is a name of
    `curation.formats.FORMATS_OF[kind]`, or `auto` to judge each row by its content. `source` names
    the source in the records (default: the format). `limit` reads only the first rows in the order
    of paths and positions, one after the other. `silent` keeps the rows out of the progress
    display, for those that are read a second time. `max_turn_chars` is in characters, also for the
    text of a document and of a response, `max_row_bytes` and `shard_bytes` in bytes. `user_salt`
    goes into the hash of user names.

    Raises: UsageError for a parameter that makes no sense; InputError for a pattern that
    matches nothing, when built if the filesystem can be asked then, else when run.

    >>> ReadRecords([])
    Traceback (most recent call last):
    schemas.errors.UsageError: no input: name at least one file, directory or pattern
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     read = pipeline | ReadRecords("pipelines/samples/beer_posts.xml", kind="documents",
    ...                                   limit=1)
    ...     _ = read.documents | beam.Map(lambda document: print(document.title))
    When was the first beer ever brewed?
    """

    def __init__(
        self,
        patterns: str | Sequence[str],
        *,
        kind: str = "records",
        format: str = "auto",
        source: str | None = None,
        limit: int | None = None,
        max_turn_chars: int = MAX_TURN_CHARS,
        max_row_bytes: int = MAX_ROW_BYTES,
        user_salt: str = "",
        shard_bytes: int = SHARD_BYTES,
        silent: bool = False,
    ) -> None:
        super().__init__()
        self._silent = silent
        names = [patterns] if isinstance(patterns, str) else list(patterns)
        self._patterns = [name.removeprefix("file://") for name in names]
        self._limit = limit
        self._shard_bytes = shard_bytes
        self._max_row_bytes = max_row_bytes
        self._context = Context("", format, source, max_turn_chars, user_salt, kind)
        self._check()

    def _check(self) -> None:
        if not self._patterns:
            raise UsageError("no input: name at least one file, directory or pattern")
        if self._context.kind not in KINDS:
            raise UsageError(f"kind={self._context.kind!r} is none of {', '.join(KINDS)}")
        formats = FORMATS_OF[self._context.kind]
        if self._context.format not in ("auto", *formats):
            known = ", ".join(("auto", *formats))
            raise UsageError(f"format={self._context.format!r} is none of {known}")
        sizes = {
            "max_turn_chars": self._context.max_turn_chars,
            "max_row_bytes": self._max_row_bytes,
            "shard_bytes": self._shard_bytes,
            "limit": 1 if self._limit is None else self._limit,
        }
        for name, value in sizes.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise UsageError(f"{name}={value!r}: must be a positive whole number")
        for pattern in self._patterns:
            _check_match(pattern)

    def expand(self, pipeline: Any) -> Records:
        """List, plan, read, parse; then join the messages of trees."""
        patterns = pipeline | "Patterns" >> beam.Create([self._patterns])
        if self._limit is None:
            files = patterns | "List files" >> self._step(_ListFiles())
            shards = (
                files.main
                | "Spread files" >> beam.Reshuffle()
                | "Plan shards"
                >> self._step(_PlanShards(self._shard_bytes, _wanted(self._context)))
            )
            rows = (
                shards.main
                | "Spread shards" >> beam.Reshuffle()
                | "Read and parse"
                >> self._step(_ReadShard(self._context, self._max_row_bytes), *_PARTS)
            )
            parts = [files, shards, rows]
        else:
            rows = patterns | "Read the first" >> self._step(
                _ReadFirst(self._context, self._max_row_bytes, self._limit), *_PARTS
            )
            parts = [rows]
        trees = (
            rows.messages
            | "Group trees" >> beam.GroupByKey()
            | "Join trees" >> self._step(_JoinTrees(self._context.source))
        )
        parts.append(trees)
        return Records(
            (rows.main, trees.main) | "Conversations" >> beam.Flatten(),
            rows.pairs,
            rows.documents,
            rows.candidates,
            [part.rejects for part in parts] | "Rejects" >> beam.Flatten(),
            [part[COUNTS] for part in parts] | "Counts" >> beam.Flatten(),
        )

    def _step(self, fn: "_Ingest", *tags: str) -> beam.PTransform:
        fn.silent = self._silent
        return beam.ParDo(fn).with_outputs(*tags, "rejects", COUNTS, main="main")


def _match_remote(pattern: str, limit: int | None = None) -> Iterator[InputFile]:
    """Files that match, and all that lie below what matches; stores have no directories."""
    within = [pattern, pattern.rstrip("/") + "/**"]
    results = FileSystems.match(within, limits=[limit] * len(within))
    parts = pattern.rstrip("/").split("/")
    named = next((i for i, part in enumerate(parts) if set("*?[") & set(part)), len(parts))
    for metadata in (found for result in results for found in result.metadata_list):
        hidden = any(part.startswith(".") for part in metadata.path.split("/")[named:])
        if not hidden and not metadata.path.endswith("/"):
            yield InputFile(metadata.path, metadata.size_in_bytes)


def _wanted(context: Context) -> str:
    """What the layouts of files are looked for: see `curation.reading.detection.WANTED`."""
    if context.format in ("mail", "text"):
        return context.format
    return "documents" if context.kind == "documents" else "records"


def _is_local(pattern: str) -> bool:
    return FileSystems.get_scheme(pattern) is None


def _check_match(pattern: str) -> None:
    found: Any
    try:
        found = next(list_local(pattern) if _is_local(pattern) else _match_remote(pattern, 1), None)
    except ValueError as error:
        raise InputError(f"{pattern}: {error}") from None
    except Exception:  # whatever a store's client raises where it has no access
        return  # The workers may have it; listing fails there if not.
    if found is None:
        raise InputError(f"{pattern}: matches no file")


def _list_files(patterns: Iterable[str]) -> list[InputFile | Reject]:
    """What all patterns match, each path once, in the order of paths."""
    found: dict[str, InputFile | Reject] = {}
    for pattern in patterns:
        matches = {
            item.source if isinstance(item, Reject) else item.path: item
            for item in (list_local if _is_local(pattern) else _match_remote)(pattern)
        }
        if not matches:
            raise InputError(f"{pattern}: matches no file")
        found |= matches
    return [found[path] for path in sorted(found)]


def list_inputs(patterns: Sequence[str]) -> list[tuple[str, int]]:
    """Files that patterns match, with their sizes in bytes, in the order of paths.

    Raises: InputError for a pattern that matches nothing.
    """
    found = _list_files([pattern.removeprefix("file://") for pattern in patterns])
    return [(item.path, item.size) for item in found if isinstance(item, InputFile)]


def _open(path: str) -> BinaryIO:
    return FileSystems.open(path, "application/octet-stream", CompressionTypes.UNCOMPRESSED)


class _Ingest(CountingDoFn):
    """What all steps share: a reject is a row that came in and was dropped."""

    silent = False

    def __init__(self) -> None:
        super().__init__("ingest")

    def _show(self, *counters: str) -> None:
        if not self.silent:
            for counter in counters:
                progress.count(counter)

    def _refuse(self, reject: Reject) -> TaggedOutput:
        self.tally["in"] += 1
        self.tally[f"drop:{reject.reason}"] += 1
        self._show("rows", "rejects")
        return TaggedOutput("rejects", reject)


@beam.typehints.with_output_types(InputFile, rejects=Reject, counts=Count)
class _ListFiles(_Ingest):
    def process(self, patterns: list[str]) -> Iterator[Any]:
        for item in _list_files(patterns):
            yield self._refuse(item) if isinstance(item, Reject) else item


@beam.typehints.with_output_types(Shard, rejects=Reject, counts=Count)
class _PlanShards(_Ingest):
    def __init__(self, shard_bytes: int, wanted: str) -> None:
        super().__init__()
        self._shard_bytes = shard_bytes
        self._wanted = wanted

    def process(self, file: InputFile) -> Iterator[Any]:
        shards = plan_shards(file.path, file.size, _open, self._shard_bytes, self._wanted)
        if isinstance(shards, Reject):
            yield self._refuse(shards)
        else:
            yield from shards


class _Parse(_Ingest):
    def __init__(self, context: Context, max_row_bytes: int) -> None:
        super().__init__()
        self._context = context
        self._max_row_bytes = max_row_bytes

    def _parse(self, row: Row | Reject, context: Context) -> Iterator[Any]:
        records = row if isinstance(row, Reject) else parse_row(row, context)
        if isinstance(records, Reject):
            yield self._refuse(records)
            return
        self.tally["in"] += 1
        self._show("rows")
        if isinstance(records[0], TreeMessage):
            # Whether they come out is known when their tree is joined.
            for message in records:
                yield TaggedOutput("messages", ((message.file, message.tree_id or ""), message))
            return
        self.tally["out"] += 1
        if isinstance(records[0], PreferencePair):
            yield from map(partial(TaggedOutput, "pairs"), records)
        elif isinstance(records[0], Document):
            yield from map(partial(TaggedOutput, "documents"), records)
        elif isinstance(records[0], CandidateSet):
            yield from map(partial(TaggedOutput, "candidates"), records)
        else:
            yield from records


_PARTS = ("pairs", "documents", "candidates", "messages")
_PARSED = {
    "pairs": PreferencePair,
    "documents": Document,
    "candidates": CandidateSet,
    "messages": _Message,
    "rejects": Reject,
    "counts": Count,
}


@beam.typehints.with_output_types(Conversation, **_PARSED)
class _ReadShard(_Parse):
    def process(self, shard: Shard) -> Iterator[Any]:
        context = self._context._replace(file=shard.path)
        for row in read_rows(shard, _open, self._max_row_bytes):
            yield from self._parse(row, context)


@beam.typehints.with_output_types(Conversation, **_PARSED)
class _ReadFirst(_Parse):
    """The first rows of all files, one after the other."""

    def __init__(self, context: Context, max_row_bytes: int, limit: int) -> None:
        super().__init__(context, max_row_bytes)
        self._limit = limit

    def process(self, patterns: list[str]) -> Iterator[Any]:
        for row, context in itertools.islice(self._rows(patterns), self._limit):
            yield from self._parse(row, context)

    def _rows(self, patterns: list[str]) -> Iterator[tuple[Row | Reject, Context]]:
        for file in _list_files(patterns):
            if isinstance(file, Reject):
                yield file, self._context
                continue
            context = self._context._replace(file=file.path)
            whole = max(1, file.size)
            shards = plan_shards(file.path, file.size, _open, whole, _wanted(context))
            if isinstance(shards, Reject):
                yield shards, context
                continue
            for shard in shards:
                for row in read_rows(shard, _open, self._max_row_bytes):
                    yield row, context


@beam.typehints.with_output_types(Conversation, rejects=Reject, counts=Count)
class _JoinTrees(_Ingest):
    def __init__(self, source: str | None) -> None:
        super().__init__()
        self._source = source

    def process(self, group: tuple[tuple[str, str], Iterable[TreeMessage]]) -> Iterator[Any]:
        messages = list(group[1])
        conversations, rejects = join_messages(messages, self._source)
        # All of these rows were counted in when they were read.
        self.tally["in"] -= len(rejects)
        self.tally["out"] += len(messages) - len(rejects)
        yield from conversations
        yield from map(self._refuse, rejects)
