"""Never pay twice: model answers are kept, and asked for only when they are not there yet."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindows

from curation import progress
from curation.memo.keys import content_keys
from curation.memo.values import from_bytes, to_bytes
from curation.models.isolation import Failure
from curation.models.tasks import Task
from transforms.inference import AskModel
from transforms.memo_store import open_memo

_BUFFER = 256
_NAMESPACE = "prefstream"


class Memo(NamedTuple):
    """Where answers are kept: a folder or URL, and the name of the run that writes there."""

    store: str
    run: str = ""


class Memoize(beam.PTransform):
    """Ask a model only what it has not been asked before.

    Input and output: as of the wrapped inference, `(context, request)` to `(context, answer)`.
    What the store holds comes out of it; the rest goes to the model, and each batch of answers
    is kept durably before it goes on. A `Failure` is not kept: it is asked again next time. Equal
    requests that come close to one another are asked once.

    The key is the content: model, revision, number format, task and its version, and the whole
    request; see `curation.memo.keys`.

    Parameters: `inference`, what asks the model; `memo`, where answers are kept.

    >>> import tempfile
    >>> from curation.models.protocols import GenerationRequest
    >>> from schemas.records import Message
    >>> from transforms import Generate
    >>> request = GenerationRequest([Message("user", "Name a colour.")], seed=1, max_new_tokens=2)
    >>> store = tempfile.mkdtemp()
    >>> for _ in range(2):  # the second time, no model is loaded
    ...     with beam.Pipeline("FnApiRunner") as pipeline:
    ...         asked = pipeline | beam.Create([("colour", request)])
    ...         answers = asked | Memoize(Generate(), Memo(store))
    ...         _ = answers | beam.Map(lambda answer: print(answer[0], answer[1][0].new_tokens))
    colour 2
    colour 2
    """

    def __init__(self, inference: AskModel, memo: Memo) -> None:
        super().__init__()
        self._inference = inference
        self._memo = memo

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Look up, ask for the rest, keep it."""
        task, model = self._inference.task, self._inference.identity()
        looked_up = pcoll | "Look up" >> beam.ParDo(_LookUp(self._memo, task, model)).with_outputs(
            "missing", main="kept"
        )
        asked = (
            looked_up.missing
            | "Ask" >> self._inference.keeping(_Keeper(self._memo, task, model))
            | "To each context" >> beam.FlatMap(_to_each_context)
        )
        return (looked_up.kept, asked) | "Kept and asked" >> beam.Flatten()


def remembered(inference: AskModel, memo: Memo | None) -> beam.PTransform:
    """The inference, memoized where there is a memo."""
    return Memoize(inference, memo) if memo else inference


class _LookUp(beam.DoFn):
    def __init__(self, memo: Memo, task: Task, model: str) -> None:
        self._memo = memo
        self._task = task
        self._model = model
        self._buffer: list[tuple[Any, Any]] = []
        self._hits = Metrics.counter(_NAMESPACE, "memo_hits")
        self._misses = Metrics.counter(_NAMESPACE, "memo_misses")

    def setup(self) -> None:
        self._store = open_memo(*self._memo)
        self._store.refresh()

    def start_bundle(self) -> None:
        self._buffer = []

    def process(self, element: tuple[Any, Any]) -> Iterator[Any]:
        self._buffer.append(element)
        if len(self._buffer) >= _BUFFER:
            yield from self._look_up()

    def finish_bundle(self) -> Iterator[Any]:
        for output in self._look_up():
            if isinstance(output, beam.pvalue.TaggedOutput):
                windowed = GlobalWindows.windowed_value(output.value)
                yield beam.pvalue.TaggedOutput(output.tag, windowed)
            else:
                yield GlobalWindows.windowed_value(output)

    def _look_up(self) -> Iterator[Any]:
        elements, self._buffer = self._buffer, []
        if not elements:
            return
        keys = content_keys(self._task, self._model, [request for _, request in elements])
        missing: dict[bytes, tuple[list[Any], Any]] = {}
        hits = 0
        for (context, request), key, data in zip(
            elements, keys, self._store.get(keys), strict=True
        ):
            if data is None:
                missing.setdefault(key, ([], request))[0].append(context)
            else:
                hits += 1
                yield context, from_bytes(self._task, data)
        for key, (contexts, request) in missing.items():
            yield beam.pvalue.TaggedOutput("missing", ((contexts, key), request))
        self._hits.inc(hits)
        self._misses.inc(len(elements) - hits)
        progress.count("remembered", hits)


class _Keeper:
    """Keeps a whole batch of answers, called where the model has just given them."""

    def __init__(self, memo: Memo, task: Task, model: str) -> None:
        self._memo = memo
        self._task = task
        self._model = model

    def __call__(self, batch: Sequence[tuple[Any, Any]], answers: Sequence[Any]) -> None:
        keys, values = [], []
        for ((_, key), _), answer in zip(batch, answers, strict=True):
            data = None if isinstance(answer, Failure) else to_bytes(answer)
            if data is not None:
                keys.append(key)
                values.append(data)
        open_memo(*self._memo).put(self._task.name, self._model, keys, values)
        Metrics.counter(_NAMESPACE, "memo_kept").inc(len(keys))


def _to_each_context(element: tuple[Any, Any]) -> Iterator[tuple[Any, Any]]:
    (contexts, _), answer = element
    for context in contexts:
        yield context, answer
