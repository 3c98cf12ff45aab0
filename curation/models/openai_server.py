"""One OpenAI-compatible server: asked with patience, a limit of requests, and a secret key.

The `openai` package makes the requests; it is imported nowhere else. Its own retries are off:
they miss bodies that are cut or are no JSON, they give up on a `Retry-After` above two
minutes, and their back-off cannot be set. What goes wrong is told in messages of this
project, because the package's exceptions carry the request and so the key.
"""

import asyncio
import itertools
import logging
import os
import random
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
import orjson

from curation.models.backoff import Backoff, retry_after_seconds
from curation.models.openai_failures import CallFailure, StatusError, status_failure
from curation.models.openai_wire import STANDARD, VLLM, MalformedAnswerError
from schemas.errors import ModelError, ModelUnavailableError, UsageError

T = TypeVar("T")

KEY_VARIABLE = "OPENAI_API_KEY"
"""Environment variable that holds the key; a server that asks for none works without."""

_LOGGER = logging.getLogger(__name__)
_ERROR_BYTES = 64 << 10
_MODELS_BYTES = 16 << 20
_NETWORK_PACKAGES = {"anyio", "h11", "httpcore", "httpcore2", "httpx", "httpx2"}


class OpenAIServer:
    """A connection to one model of a server, for coroutines of one event loop.

    Parameters: `url` up to and with `/v1`; `model` as the server names it; `concurrency`,
    requests under way at once (one that waits for its next attempt counts, so a server that
    is overloaded is asked less); `timeout`, seconds for one attempt from connecting to the
    last byte; `max_attempts` of a request; `backoff` between them.

    Raises: UsageError for an address that is none; ModelUnavailableError for a key that
    cannot be one.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        concurrency: int,
        timeout: float,
        max_attempts: int,
        backoff: Backoff,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise UsageError("a model's server is named http://HOST:PORT/v1, without a password")
        self.label = f"model {model!r} at {parts.scheme}://{parts.netloc}{parts.path}"
        self._model = model
        self._timeout = timeout
        self._max_attempts = max_attempts
        self._backoff = backoff
        self._slots = asyncio.Semaphore(concurrency)
        self._key = _read_key()
        # A request without this header is allowed only when each request says so itself.
        self._headers = {} if self._key else {"Authorization": openai.Omit()}
        self._client = openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=url,
            max_retries=0,
            timeout=openai.Timeout(timeout, connect=min(timeout, 10.0)),
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False, event_hooks={"response": [_refuse_errors]}
            ),
        )

    async def chat(self, body: dict[str, Any], limit: int, read: Callable[[Any], T]) -> T:
        """Ask for a chat completion.

        Parameters: `limit` of the answer in bytes; `read`, what makes a result of the
        answer's JSON; a `MalformedAnswerError` of it is a reason to ask again.

        Raises: RefusedError, ModelUnavailableError, ModelError; what `read` raises.
        """
        messages, rest = body["messages"], {k: v for k, v in body.items() if k != "messages"}

        def call() -> Any:
            return self._client.chat.completions.with_streaming_response.create(
                model=self._model, messages=messages, extra_body=rest, extra_headers=self._headers
            )

        outcome = await self._attempts(call, limit, read)
        if isinstance(outcome, CallFailure):
            raise outcome.error(self.label)
        return outcome

    async def dialect(self) -> str:
        """Find out what kind of server it is, from who owns the models that it lists.

        Raises: ModelUnavailableError when the server cannot be asked.
        """

        def call() -> Any:
            return self._client.models.with_streaming_response.list(extra_headers=self._headers)

        found = await self._attempts(call, _MODELS_BYTES, _dialect)
        if isinstance(found, CallFailure) and found.status not in (400, 404, 405, 501):
            raise ModelUnavailableError(f"{self.label}: {found.message}")
        return STANDARD if isinstance(found, CallFailure) else found

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _attempts(
        self, call: Callable[[], Any], limit: int, read: Callable[[Any], T]
    ) -> T | CallFailure:
        async with self._slots:
            for attempt in itertools.count(1):
                outcome = await self._attempt(call, limit, read)
                if not isinstance(outcome, CallFailure):
                    break
                if not outcome.again or attempt == self._max_attempts:
                    return outcome.after(attempt)
                wait = self._backoff.wait(attempt, outcome.retry_after, random.random())
                message = "%s: %s; attempt %d of %d, the next one in %.1f s"
                _LOGGER.info(
                    message, self.label, outcome.message, attempt, self._max_attempts, wait
                )
                await asyncio.sleep(wait)
        return outcome

    async def _attempt(
        self, call: Callable[[], Any], limit: int, read: Callable[[Any], T]
    ) -> T | CallFailure:
        """Ask once. What goes wrong on the way is returned, so that no exception of the
        package, which carries the key, is the context of ours."""
        raw = b""
        try:
            async with asyncio.timeout(self._timeout), call() as response:
                raw = await _read(response.iter_bytes(), limit)
            if len(raw) > limit:
                return CallFailure(f"its answer is longer than {limit:,} bytes", again=False)
            return read(orjson.loads(raw))
        except orjson.JSONDecodeError:
            return CallFailure(f"its answer is no JSON: {self._quote(raw)}", again=True)
        except MalformedAnswerError as error:
            return CallFailure(f"{error}: {self._quote(raw)}", again=True)
        except ModelError:
            raise
        except Exception as error:
            return self._failure(error)

    def _failure(self, error: Exception) -> CallFailure:
        cause = error.__cause__ or error
        name = type(cause).__name__
        if isinstance(cause, StatusError):
            failure = status_failure(cause.status, cause.body, cause.retry_after, self._hide)
            if cause.status in (401, 403) and not self._key:
                return failure._replace(message=f"{failure.message} ({KEY_VARIABLE} is not set)")
            return failure
        if isinstance(error, TimeoutError) or name.endswith("Timeout"):
            what = f"no answer within {self._timeout:g} s"
            return CallFailure(what, again=True, unavailable=name == "ConnectTimeout")
        words = self._hide(f"{name}: {cause}")[:300]
        # By name: the package brings httpx2 from version 3 on, and httpx before.
        package = type(cause).__module__.partition(".")[0]
        if package not in _NETWORK_PACKAGES and not isinstance(cause, OSError):
            return CallFailure(f"the request cannot be made ({words})", again=False)
        if name == "ConnectError":
            return CallFailure(f"cannot be reached ({words})", again=True, unavailable=True)
        return CallFailure(f"the connection was cut ({words})", again=True)

    def _hide(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text

    def _quote(self, raw: bytes) -> str:
        return repr(self._hide(raw.decode("utf-8", "replace"))[:200])


def _read_key() -> str:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    # Anything else would come back in an exception of the HTTP library, with the key in it.
    if key and not re.fullmatch(r"[\w.~+/=:!#$%&()*,;<>?@^`{|}\[\]-]+", key, re.ASCII):
        raise ModelUnavailableError(f"{KEY_VARIABLE} holds characters that no key has")
    return key


def _dialect(body: Any) -> str:
    models = body.get("data") if isinstance(body, dict) else None
    models = models if isinstance(models, list) else []
    owners = [model.get("owned_by") for model in models if isinstance(model, dict)]
    return VLLM if "vllm" in owners else STANDARD


async def _refuse_errors(response: Any) -> None:
    """Hook of the HTTP client: keep the package from reading and judging error bodies."""
    if not response.is_success:
        body = await _read(response.aiter_bytes(), _ERROR_BYTES)
        asked = retry_after_seconds(response.headers.get("retry-after"), datetime.now(UTC))
        raise StatusError(response.status_code, body, asked)


async def _read(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """Read to the end, or until more than `limit` bytes have come."""
    raw = bytearray()
    async for chunk in chunks:
        raw += chunk
        if len(raw) > limit:
            break
    return bytes(raw)
