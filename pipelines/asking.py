"""Asking a model without a pipeline: in this process, batch by batch, with the same memo.

For commands whose work fits into memory. The answers are kept under the same keys as those of a
run, so a run and a command share them.
"""

import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from curation import progress
from curation.memo.keys import content_keys
from curation.memo.values import from_bytes, to_bytes
from curation.models.isolation import Failure, isolate_failures
from curation.models.tasks import Task
from transforms.inference import AskModel, ModelSettings
from transforms.memo_files import check_store
from transforms.memo_store import MemoStore


class Asking:
    """Models of one command, and where their answers are kept.

    Parameters: `memo`, folder or URL of kept answers; None keeps none.

    Raises: UsageError when the memo cannot be written to.

    >>> from curation.models.protocols import GenerationRequest
    >>> from curation.models.tasks import GENERATION
    >>> from schemas.records import Message
    >>> request = GenerationRequest([Message("user", "Name a colour.")], seed=1, max_new_tokens=2)
    >>> (one,), (other,) = Asking().ask(ModelSettings(), GENERATION, [request, request])
    >>> one == other, one.new_tokens
    (True, 2)
    """

    def __init__(self, memo: str | None = None) -> None:
        if memo:
            check_store(memo)
        self._store = MemoStore(memo, uuid.uuid4().hex) if memo else None
        if self._store:
            self._store.refresh()

    def ask(
        self,
        settings: ModelSettings,
        task: Task,
        requests: Sequence[Any],
        counter: str | None = None,
    ) -> list[Any]:
        """Put requests to a model.

        Parameters: `counter` of `curation.progress`, for each answer. Output: an answer, or the
        `Failure` that the model raised for this very request, for each in order. Equal requests
        are asked once; the model is loaded when there is something to ask.

        Raises: ModelError or MissingExtraError when the model cannot be had at all.
        """
        model = AskModel(settings, task).identity() if self._store else ""
        keys = content_keys(task, model, requests)
        by_key = dict(zip(keys, requests, strict=True))
        answers = self._remembered(task, list(by_key))
        progress.count("remembered", len(answers))
        if counter:
            progress.count(counter, len(answers))
        if missing := [key for key in by_key if key not in answers]:
            loaded = _load(settings)
            try:
                for start in range(0, len(missing), settings.batch_size):
                    batch = missing[start : start + settings.batch_size]
                    given = isolate_failures(
                        partial(task.ask, loaded), [by_key[key] for key in batch]
                    )
                    self._keep(task, model, batch, given)
                    answers |= zip(batch, given, strict=True)
                    told = [answer for answer in given if not isinstance(answer, Failure)]
                    progress.count("tokens", sum(map(task.tokens, told)))
                    if counter:
                        progress.count(counter, len(batch))
            finally:
                loaded.close()
        return [answers[key] for key in keys]

    def close(self) -> None:
        """End what is being written to the memo."""
        if self._store:
            self._store.close()

    def _remembered(self, task: Task, keys: Sequence[bytes]) -> dict[bytes, Any]:
        if not self._store:
            return {}
        kept = zip(keys, self._store.get(keys), strict=True)
        return {key: from_bytes(task, data) for key, data in kept if data is not None}

    def _keep(self, task: Task, model: str, keys: Sequence[bytes], answers: Sequence[Any]) -> None:
        if not self._store:
            return
        made = [None if isinstance(answer, Failure) else to_bytes(answer) for answer in answers]
        kept = [(key, data) for key, data in zip(keys, made, strict=True) if data is not None]
        self._store.put(task.name, model, [key for key, _ in kept], [data for _, data in kept])


def _load(settings: ModelSettings) -> Any:
    from curation.models.loading import load_model

    return load_model(settings.name, settings.dtype, settings.max_context, settings.token_budget)
