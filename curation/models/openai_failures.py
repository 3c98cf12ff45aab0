"""Telling apart what can go wrong with one request to an OpenAI-compatible server."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from schemas.errors import ModelError, ModelUnavailableError

_TOLD = 300  # Characters of a server's own words in a message.
_CONTEXT_CODES = {"context_length_exceeded", "exceed_context_size_error"}
_CONTEXT_WORDS = re.compile(
    r"context (length|size|window)|prompt is too long|input is too long|too many tokens", re.I
)


class RefusedError(ModelError):
    """The server refuses this request (a status of 400 to 499), and would again."""

    def __init__(self, message: str, failure: "CallFailure") -> None:
        super().__init__(message)
        self.failure = failure

    def finds_prompt_too_long(self) -> bool:
        """Whether the request was refused for the length of its prompt."""
        failure = self.failure
        told = _CONTEXT_CODES & set(failure.codes) or _CONTEXT_WORDS.search(failure.message)
        return failure.status in (400, 413, 422) and bool(told)

    def complains_of(self, parameter: str) -> bool:
        """Whether the request was refused for one of its parameters."""
        failure = self.failure
        named = re.search(rf"\b{parameter}\b", failure.message) if len(parameter) > 1 else None
        return failure.parameter == parameter or bool(named)


class StatusError(Exception):
    """An answer that is not a success, before anything is made of it; never leaves a call."""

    def __init__(self, status: int, body: bytes, retry_after: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.retry_after = retry_after


class CallFailure(NamedTuple):
    """Why an attempt failed, in words and in what follows from it."""

    message: str
    again: bool
    """Whether another attempt makes sense."""
    unavailable: bool = False
    """Whether the fault lies with the server, the key or the model's name, not the request."""
    status: int | None = None
    codes: tuple[str, ...] = ()
    """The server's own `code` and `type`."""
    parameter: str = ""
    """The parameter that the server complains of."""
    retry_after: float | None = None
    """Seconds that the server asks to wait."""

    def after(self, attempts: int) -> "CallFailure":
        """Say how many attempts were made, where there was more than one."""
        if attempts == 1:
            return self
        return self._replace(message=f"{self.message} (after {attempts} attempts)")

    def error(self, label: str) -> ModelError:
        """Make the exception: ModelUnavailableError, RefusedError or ModelError."""
        message = f"{label}: {self.message}"
        if self.unavailable:
            return ModelUnavailableError(message)
        if self.status and 400 <= self.status < 500:
            return RefusedError(message, self)
        return ModelError(message)


def status_failure(
    status: int, body: bytes, retry_after: float | None, hide: Callable[[str], str]
) -> CallFailure:
    """Judge an answer that is not a success.

    Time-outs (408), rate limits (429) and faults of the server (5xx) are asked again. The
    model is unavailable where the address (3xx, 404), the key (401, 403) or the account (402,
    an exhausted quota, a rate limit that does not end) is at fault.

    Parameters: `hide` takes the key out of the server's words.

    >>> failure = status_failure(404, b'{"error": {"message": "no model m"}}', None, str)
    >>> failure.message, failure.again, failure.unavailable
    ('status 404: no model m', False, True)
    """
    error = _error(body)
    words = error.get("message") or error.get("detail") or error
    words = words if isinstance(words, str) else json.dumps(words, ensure_ascii=False)
    words = " ".join(hide(words).split())[:_TOLD]
    codes = tuple(str(error[name]) for name in ("code", "type") if error.get(name))
    spent = "insufficient_quota" in codes
    about_logprobs = status == 403 and "logprobs" in words
    return CallFailure(
        f"status {status}: {words}" if words.strip("{}") else f"status {status}",
        again=(status in (408, 429) or status >= 500) and not spent,
        unavailable=status < 400
        or (status in (401, 402, 403, 404, 429) and not about_logprobs)
        or "model_not_found" in codes,
        status=status,
        codes=codes,
        parameter=str(error.get("param") or ""),
        retry_after=retry_after,
    )


def _error(body: bytes) -> dict[str, Any]:
    """What the body says of the error, in the forms that servers use."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {"message": body.decode("utf-8", "replace")}
    told = told.get("error", told) if isinstance(told, dict) else told
    return told if isinstance(told, dict) else {"message": str(told)}
