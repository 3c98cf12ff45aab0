"""Real contexts and pairs to measure on."""

import json
from pathlib import Path
from typing import Any

from curation.formats.hh import read_transcript
from curation.models.protocols import HiddenRequest, LikelihoodRequest
from curation.scoring.follow_up_likelihood import choose_follow_ups
from schemas.records import Message

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "pipelines/samples/oasst_sample.jsonl"
PAIRS = ROOT / "tests/data/hh_rlhf/pairs.jsonl"
FOLLOW_UPS = [
    Message("user", text)
    for text in choose_follow_ups(("understanding", "engagingness", "following"), 4).sentences
]
"""The 24 follow-ups of the default recipe."""


def contexts(model: Any, n: int = 64, shortest: int = 200, longest: int = 800) -> list[Any]:
    """Conversations of 200 to 800 tokens that end with a reply, from the bundled sample."""
    found = []
    for line in SAMPLE.read_bytes().splitlines():
        for messages in _paths(json.loads(line)["prompt"], ()):
            size = len(model.chat.prompt_ids(messages))
            if messages[-1].role == "assistant" and shortest <= size <= longest:
                found.append(messages)
    # Spread over the sizes, whatever order they stand in.
    found.sort(key=lambda messages: sum(len(m.content) for m in messages))
    return [found[i * len(found) // n] for i in range(n)]


def _paths(node: Any, before: tuple[Message, ...]) -> Any:
    role = "assistant" if node["role"] == "assistant" else "user"
    here = (*before, Message(role, node["text"]))
    yield here
    for reply in node.get("replies", ()):
        yield from _paths(reply, here)


def follow_up_request(messages: tuple[Message, ...]) -> LikelihoodRequest:
    """Ask for the likelihood of all 24 follow-ups after a conversation."""
    return LikelihoodRequest(messages, FOLLOW_UPS)


def pair_requests(n: int) -> list[HiddenRequest]:
    """Ask for the hidden sums of both sides of real pairs, long and short."""
    requests = []
    for line in PAIRS.read_bytes().splitlines():
        row = json.loads(line)
        chosen = read_transcript(row["chosen"], "chosen", 10**6)
        rejected = read_transcript(row["rejected"], "rejected", 10**6)
        requests.append(HiddenRequest(chosen[:-1], [chosen[-1].content, rejected[-1].content]))
    requests.sort(key=lambda r: sum(len(m.content) for m in r.prompt))
    return [requests[i * len(requests) // n] for i in range(n)]
