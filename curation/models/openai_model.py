"""The `openai` backend: generation on any OpenAI-compatible server."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from curation.models.background_loop import BackgroundLoop
from curation.models.backoff import Backoff
from curation.models.kept_answers import KeptAnswers
from curation.models.openai_failures import RefusedError
from curation.models.openai_prompt import fit_prompt
from curation.models.openai_server import OpenAIServer
from curation.models.openai_wire import (
    NEW_LIMIT,
    NO_LOGPROBS,
    ONE_CHOICE,
    answer_limit,
    read_answer,
    request_body,
)
from curation.models.protocols import Completion, GenerationRequest
from schemas.errors import ModelUnavailableError
from schemas.ids import content_id

_KEPT = 4096
_BACKOFF = Backoff()
Results = dict[str, list[Completion] | Exception]


class OpenAIModel:
    """A model behind an OpenAI-compatible server; implements `Generator`.

    Requests of a batch are under way at once, up to the limit of the whole object; `generate`
    may be called from several threads. The API key is read from the environment variable
    `OPENAI_API_KEY` and stands in no log, message or attribute's text.

    What it takes for granted: the server samples by `seed` (where it does not, answers cannot
    be repeated); its log-probabilities are the model's own, before temperature and nucleus;
    a reply's log-probability is None where the server does not tell the one of its end. The
    prompt's length is an estimate (`curation.models.openai_prompt`).

    A batch raises when one of its requests fails for good. The answers of the others are kept
    in memory, a bounded number of them, until they are asked again, so nothing is paid for
    twice when the batch is halved (`curation.models.kept_answers`).

    Parameters: `url` up to and with `/v1`; `model` as the server names it; `revision`, which
    states what is behind the server's name, for provenance; `concurrency`, requests under way
    at once; `timeout`, seconds for one attempt; `max_attempts` for each request; `backoff`
    between them.

    Raises: UsageError for an address that is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        revision: str = "unknown",
        concurrency: int = 8,
        timeout: float = 300.0,
        max_attempts: int = 6,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        self.name = model
        self.revision = revision
        self._server = OpenAIServer(
            url,
            model,
            concurrency=concurrency,
            timeout=timeout,
            max_attempts=max_attempts,
            backoff=backoff,
        )
        self._kept = KeptAnswers[list[Completion]](_KEPT)
        self._habits: frozenset[str] = frozenset()
        self._dialect: str | None = None
        self._dialect_asked = asyncio.Lock()
        self._loop = BackgroundLoop(self._server.label)

    def check(self) -> None:
        """Ask the server which models it has, and so what kind of server it is.

        Raises: ModelUnavailableError when it cannot be reached or refuses the key.
        """
        self._loop.run(self._learn_dialect())

    def generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        """Give `n` completions for each request; requests that are equal are asked once.

        Raises: ModelUnavailableError when the server cannot be reached, refuses the key or
        does not know the model; PromptTooLongError when a request's last message does not
        fit; ModelError when a request fails after all attempts, or its answer is not of the
        form that its guide asks for.
        """
        return self._loop.run(self._generate(requests))

    def close(self) -> None:
        """Close the connections and end the thread; requests under way are given up."""
        self._loop.close(self._server.close())

    async def _generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        keys = [content_id("generate", request) for request in requests]
        copies, size = Counter(keys), len(keys)
        results: Results = {}
        for key, count in copies.items():
            kept = self._kept.take(key, count, size)
            if kept is not None:
                results[key] = kept
        missing = {k: r for k, r in zip(keys, requests, strict=True) if k not in results}
        results |= await _gather({k: self._answer(r) for k, r in missing.items()})
        failures = [r for r in results.values() if isinstance(r, Exception)]
        if failures:
            for key, result in results.items():
                if size > 1 and not isinstance(result, ModelUnavailableError):
                    self._kept.keep(key, result, copies[key], size)
            raise min(failures, key=lambda e: not isinstance(e, ModelUnavailableError))
        answers = {key: result for key, result in results.items() if isinstance(result, list)}
        return [answers[key] for key in keys]

    async def _answer(self, request: GenerationRequest) -> list[Completion]:
        dialect = await self._learn_dialect()
        prompt = fit_prompt(request.messages, request.max_prompt_tokens)
        habits = self._habits
        answer: list[Completion] = []
        while len(answer) < request.n:
            body = request_body(request, prompt.messages, len(answer), dialect, habits)
            try:
                given = await self._server.chat(
                    body, answer_limit(request), partial(read_answer, request=request)
                )
            except RefusedError as refusal:
                if refusal.finds_prompt_too_long():
                    prompt = prompt.shorter()
                    continue
                habit = _habit(refusal, habits)
                if habit is None:
                    raise
                habits |= {habit}
                continue
            self._habits |= habits  # Only what has led to an answer holds for others.
            answer += [c._replace(cut_messages=prompt.cut) for c in given]
        return answer[: request.n]

    async def _learn_dialect(self) -> str:
        async with self._dialect_asked:
            if self._dialect is None:
                self._dialect = await self._server.dialect()
            return self._dialect


def open_openai_model(url: str, model: str, revision: str | None = None) -> OpenAIModel:
    """Open a model behind a server, and see that the server is there.

    Raises: UsageError for an address that is none; ModelUnavailableError when the server
    cannot be reached or refuses the key.
    """
    opened = OpenAIModel(url, model, revision=revision or "unknown")
    try:
        opened.check()
    except BaseException:
        opened.close()
        raise
    return opened


def _habit(refusal: RefusedError, known: frozenset[str]) -> str | None:
    """The habit of the server that explains why it refused a request."""
    # Only a server that names the newer limit is known not to ignore it.
    wants_new = refusal.complains_of("max_tokens") and refusal.complains_of(NEW_LIMIT)
    seen = {
        NEW_LIMIT: wants_new,
        NO_LOGPROBS: refusal.complains_of("logprobs"),
        ONE_CHOICE: refusal.complains_of("n"),
    }
    return next((habit for habit, here in seen.items() if here and habit not in known), None)


async def _gather(work: Mapping[str, Coroutine[Any, Any, list[Completion]]]) -> Results:
    """Wait for all results; once the model is unavailable, give up what is still under way."""
    tasks = {key: asyncio.create_task(coroutine) for key, coroutine in work.items()}
    pending = set(tasks.values())
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            if any(isinstance(task.exception(), ModelUnavailableError) for task in done):
                break
    finally:
        for task in pending:
            task.cancel()
    results: Results = {}
    for key, task in tasks.items():
        if task not in pending:
            error = task.exception()
            results[key] = error if isinstance(error, Exception) else task.result()
    return results
