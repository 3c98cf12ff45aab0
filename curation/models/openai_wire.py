"""What goes over the wire to an OpenAI-compatible server, and what its answer means.

Pure functions, without a connection: a request becomes the body of `/v1/chat/completions`, an
answer becomes completions. Nothing in an answer is trusted: what is not exactly as it must
be is an error, and no answer is repaired.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import orjson

from curation.models.protocols import Completion, GenerationRequest, Guide
from schemas.errors import ModelError
from schemas.records import Message

VLLM, STANDARD = "vllm", "standard"
"""Dialects: vLLM holds an answer to a list of texts itself (`structured_outputs`, vLLM 0.11
and later); every other server is given a JSON schema (`response_format`)."""

NEW_LIMIT, NO_LOGPROBS, ONE_CHOICE = "max_completion_tokens", "no logprobs", "one choice"
"""Habits of servers: want the newer name of `max_tokens`; refuse `logprobs`; refuse `n`."""

_SEEDS = 2**31 - 1  # The smallest range in use; the value above it means "random" to some.
_SCHEMA_TOKENS = 16  # What `{"answer": "…"}` takes around a choice.
_NEVER = -9999.0  # Stands for minus infinity, and for "unknown".


class MalformedAnswerError(ModelError):
    """The server's answer does not have the form of a chat completion."""


def wire_seed(seed: int, sample: int = 0) -> int:
    """Map a request's seed, and which of its samples is asked for, into servers' range.

    Output: at least 0 and below 2**31 - 1; a small seed stays itself for the first sample.

    >>> wire_seed(7), wire_seed(7 + 2**31 - 1), wire_seed(7, sample=1)
    (7, 7, 1931033142)
    """
    if sample:
        digest = hashlib.blake2b(f"{seed}:{sample}".encode(), digest_size=8).digest()
        seed = int.from_bytes(digest, "big")
    return seed % _SEEDS


def request_body(
    request: GenerationRequest,
    messages: Sequence[Message],
    sample: int,
    dialect: str,
    habits: frozenset[str],
) -> dict[str, Any]:
    """Make the body that asks for the samples from `sample` on.

    Parameters: `messages`, as much of the request's as is sent; `dialect` and `habits` of the
    server.

    Raises: ModelError when the guide's JSON schema is not JSON.
    """
    limit = "max_completion_tokens" if NEW_LIMIT in habits else "max_tokens"
    missing = 1 if ONE_CHOICE in habits else request.n - sample
    body: dict[str, Any] = {
        "messages": [{"role": m.role, "content": m.content} for m in messages],
        limit: request.max_new_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": wire_seed(request.seed, sample),
    }
    if missing > 1:
        body["n"] = missing
    if NO_LOGPROBS not in habits:
        body["logprobs"] = True
    if dialect == VLLM:
        # What is not said here, vLLM takes from the model's own `generation_config.json`.
        body |= {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
    if request.guide:
        _hold_to(request.guide, body, limit, dialect)
    return body


def _hold_to(guide: Guide, body: dict[str, Any], limit: str, dialect: str) -> None:
    schema: Any = None
    if guide.json_schema is not None:
        try:
            schema = orjson.loads(guide.json_schema)
        except orjson.JSONDecodeError as error:
            raise ModelError(f"the guide's JSON schema is not JSON: {error}") from error
    if dialect == VLLM:
        form = {"choice": list(guide.choices)} if schema is None else {"json": schema}
        body["structured_outputs"] = form
        return
    if schema is None:
        # Servers take schemas of objects only.
        schema = {
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": list(guide.choices)}},
            "required": ["answer"],
            "additionalProperties": False,
        }
        body[limit] += _SCHEMA_TOKENS
    body["response_format"] = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }


def answer_limit(request: GenerationRequest) -> int:
    """Bytes beyond which an answer is not read: 2 KiB for each token asked for, and 1 MiB."""
    return (1 << 20) + 2048 * request.n * (request.max_new_tokens + _SCHEMA_TOKENS)


def read_answer(body: Any, request: GenerationRequest) -> list[Completion]:
    """Read an answer's completions: at least one, in the server's order.

    The prompt's tokens are those of the whole answer; new tokens are each completion's own
    where log-probabilities or a single choice tell them, else an even share of their sum.

    Raises: MalformedAnswerError; ModelError when a completion ended otherwise than by itself
    or by its length, or does not have the form that the guide asks for.
    """
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices:
        raise MalformedAnswerError("the answer holds no choices")
    prompt_tokens, total = _usage(body.get("usage"))
    completions = []
    for index, choice in enumerate(choices):
        text, finish_reason, entries = _read_choice(choice)
        log_probability = _log_probability(entries, text, finish_reason)
        share = (total + index) // len(choices)
        new_tokens = len(entries) if entries and len(choices) > 1 else share
        if request.guide:
            held = _held_to(request.guide, text, finish_reason)
            log_probability = log_probability if held == text else None
            text = held
        completions.append(
            Completion(text, finish_reason, prompt_tokens, new_tokens, log_probability)
        )
    return completions


def _read_choice(choice: Any) -> tuple[str, str, list[Any]]:
    """A choice's text, how it ended, and the entries of its tokens, where there are any."""
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise MalformedAnswerError("a choice holds no message")
    finish_reason = choice.get("finish_reason")
    if message.get("refusal"):
        raise ModelError("the model refused to answer")
    if finish_reason not in ("stop", "length"):
        raise ModelError(f"the answer ended by {str(finish_reason)[:40]!r}, not by its own end")
    text = message.get("content")
    thoughts = message.get("reasoning_content") or message.get("reasoning")
    if text is None:
        if thoughts:
            raise ModelError("the model used all of its tokens to think, and wrote no answer")
        text = ""
    if not isinstance(text, str):
        raise MalformedAnswerError("a choice's content is no text")
    if "\0" in text:
        raise ModelError("the answer holds NUL characters")
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    # Entries of thoughts stand among those of the answer, and cannot be told apart.
    return text, finish_reason, entries if isinstance(entries, list) and not thoughts else []


def _log_probability(entries: list[Any], text: str, finish_reason: str) -> float | None:
    """Sum up the tokens' log-probabilities, or None where the server does not tell all.

    The API gives log-probabilities of the model itself, before temperature and nucleus; a
    server that scales them first (vLLM's `--logprobs-mode processed_logprobs`) cannot be
    told apart. An answer that ended counts its end too; some servers leave that out.
    """
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return None
    values = [entry.get("logprob") for entry in entries]
    if not all(isinstance(v, float | int) and _NEVER < v <= 0.01 for v in values):
        return None
    last = entries[-1].get("token")
    if not isinstance(last, str):
        return None
    tells_end = not last or not text.endswith(last)
    if finish_reason == "stop" and not tells_end:
        return None
    return math.fsum(values)


def _held_to(guide: Guide, text: str, finish_reason: str) -> str:
    if guide.json_schema is not None:
        if finish_reason != "length":  # What was cut off says so itself.
            _parse(text, finish_reason)
        return text
    if text in guide.choices:
        return text
    answer = _parse(text, finish_reason)
    if isinstance(answer, dict) and len(answer) == 1 and answer.get("answer") in guide.choices:
        return str(answer["answer"])
    raise _misfit(text, finish_reason)


def _parse(text: str, finish_reason: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _misfit(text, finish_reason) from None


def _misfit(text: str, finish_reason: str) -> ModelError:
    cause = "it was cut off" if finish_reason == "length" else "the server may ignore guides"
    said = json.dumps(text[:60], ensure_ascii=False)
    return ModelError(f"the answer {said} does not have the form asked for: {cause}")


def _usage(usage: Any) -> tuple[int, int]:
    if not isinstance(usage, dict):
        return 0, 0
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, new = (n if type(n) is int and 0 <= n < 2**31 else 0 for n in counts)
    return prompt, new
