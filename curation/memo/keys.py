"""The key that an answer is kept under: everything that it depends on, and nothing else."""

from collections.abc import Sequence
from typing import Any

from curation.models.tasks import Task
from schemas.ids import ID_BYTES, content_id

KEY_BYTES = ID_BYTES
"""Length of a key."""
_VERSION = 1


def content_keys(task: Task, identity: str, requests: Sequence[Any]) -> list[bytes]:
    """Keys of several requests to one model.

    Input: what is asked (its name and version count), the model's identity (name, revision,
    number format, window), and the requests, every field of which counts: messages, sampling,
    seed, guide, dropout. Batch, order, runner and number of workers do not. Output: BLAKE2b of
    the canonical JSON, 16 bytes each.

    >>> from curation.models.protocols import GenerationRequest
    >>> from curation.models.tasks import GENERATION
    >>> from schemas.records import Message
    >>> request = GenerationRequest([Message("user", "Hi")], seed=1)
    >>> same, other, first = content_keys(
    ...     GENERATION, "m@r", [request, request._replace(seed=2), request])
    >>> same == first != other
    True
    """
    about = ("memo", _VERSION, task.name, task.version, identity)
    return [bytes.fromhex(content_id(*about, request)) for request in requests]
