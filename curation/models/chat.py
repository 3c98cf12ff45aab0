"""From messages to token ids: the one place that knows about chat templates.

A sequence is put together from pieces that are tokenised on their own (the prompt up to
the assistant's turn, the response, what the template puts between two turns, the
follow-up), because that is how a model meets them when it writes: no token reaches over
the border between two pieces, so a span is exact and holds neither role headers nor
end-of-turn marks. Marks of the template that stand in a message's own text stay text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from schemas.errors import ModelError
from schemas.records import Message


class PromptTooLongError(ModelError):
    """Even the last turn alone does not fit into the token budget."""


class ChatTokens(NamedTuple):
    """A conversation as a model reads it."""

    ids: list[int]
    spans: list[tuple[int, int]] | None
    """First token and end of each message's text; None where the tokenizer cannot tell."""


class Fitted(NamedTuple):
    """As much of a conversation as fits into a token budget."""

    ids: list[int]
    cut_messages: int
    """Older messages that were left out."""


class ChatFormat:
    """A tokenizer with its chat template.

    Input: a Hugging Face tokenizer that has a chat template.

    Raises: ModelError when it has none.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise ModelError("the model's tokenizer has no chat template: use an instruct model")
        self.tokenizer = tokenizer
        self._special_words = tuple(tokenizer.get_added_vocab())

    def text_ids(self, text: str) -> list[int]:
        """Token ids of a piece of content.

        Special tokens written inside of it are split into ordinary ones: text from data must
        not be able to end a turn.
        """
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
            "input_ids"
        ]

    def encode(self, messages: Sequence[Message]) -> ChatTokens:
        """Apply the chat template to a conversation up to where the assistant speaks.

        Output: the token ids, and the span of each message's own text in them. A token that
        reaches over a message's border belongs to no span.

        Raises: ModelError when the template refuses the messages or leaves one out.
        """
        frames = self._frames(messages)
        if not any(word in m.content for m in messages for word in self._special_words):
            text = self._template(messages, add_generation_prompt=True)
            # Some templates strip what stands in a message.
            for contents in ([m.content for m in messages], [m.content.strip() for m in messages]):
                if text == _interleave(frames, contents):
                    return self._whole(text, frames, contents)
        ids: list[int] = []
        spans = []
        for frame, message in zip(frames, messages, strict=False):
            ids += self._frame_ids(frame)
            start = len(ids)
            ids += self.text_ids(message.content)
            spans.append((start, len(ids)))
        return ChatTokens(ids + self._frame_ids(frames[-1]), spans)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a conversation up to the point where the assistant speaks."""
        return self.encode(messages).ids

    @cached_property
    def bridge_ids(self) -> list[int]:
        """What the template puts between a reply and the user's next words."""
        marker = _unused_marker([])
        turns = [Message("user", marker), Message("assistant", marker), Message("user", marker)]
        pieces = self._template(turns, add_generation_prompt=False).split(marker)
        if len(pieces) != 4:
            raise ModelError("the chat template changes the order or number of messages")
        return self._frame_ids(pieces[2])

    def fit(self, messages: Sequence[Message], budget: int) -> Fitted:
        """As much of a conversation as fits, older messages left out whole.

        A system message at the start is kept. Parameters: `budget` in tokens.

        Raises: PromptTooLongError when the last message alone is too long.
        """
        system = [m for m in messages[:1] if m.role == "system"]
        for start in range(len(system), len(messages)):
            kept = [*system, *messages[start:]]
            if start > len(system) and kept[len(system)].role != "user":
                continue  # A context starts with a user turn: some templates insist on it.
            if sum(len(m.content) for m in kept) > budget * 16 and start + 1 < len(messages):
                continue  # Far too long; tokens hold at most a few characters each.
            ids = self.prompt_ids(kept)
            if len(ids) <= budget:
                return Fitted(ids, start - len(system))
        raise PromptTooLongError(f"the last message alone is longer than {budget} tokens")

    def _whole(self, text: str, frames: Sequence[str], contents: Sequence[str]) -> ChatTokens:
        """Tokenise the text in one go, as the model's own training did, and find the spans."""
        if not self.tokenizer.is_fast:
            return ChatTokens(self._frame_ids(text), None)
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        starts = [start for start, _ in encoded["offset_mapping"]]
        ends = [end for _, end in encoded["offset_mapping"]]
        spans, position = [], 0
        for frame, content in zip(frames, contents, strict=False):
            begin = position + len(frame)
            position = begin + len(content)
            first = bisect_left(starts, begin)
            spans.append((first, max(first, bisect_right(ends, position))))
        return ChatTokens(encoded["input_ids"], spans)

    def _frames(self, messages: Sequence[Message]) -> list[str]:
        """What the template puts before, between and after the messages' contents."""
        marker = _unused_marker(messages)
        stand_ins = [
            Message(message.role, f"{marker}{index}{marker}")
            for index, message in enumerate(messages)
        ]
        rest = self._template(stand_ins, add_generation_prompt=True)
        frames = []
        for index, message in enumerate(messages):
            before, found, rest = rest.partition(f"{marker}{index}{marker}")
            if not found:
                raise ModelError(f"the chat template leaves out a {message.role} message")
            frames.append(before)
        return [*frames, rest]

    def _template(self, messages: Sequence[Message], add_generation_prompt: bool) -> str:
        turns = [{"role": m.role, "content": m.content} for m in messages]
        try:
            return self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=add_generation_prompt
            )
        except Exception as error:
            raise ModelError(f"the chat template refuses these messages: {error}") from error

    def _frame_ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"] if text else []


def _interleave(frames: Sequence[str], contents: Sequence[str]) -> str:
    return "".join(chain.from_iterable(zip_longest(frames, contents, fillvalue="")))


def _unused_marker(messages: Sequence[Message]) -> str:
    # Private-use characters: no template treats them, and data that holds them gets a longer run.
    marker = "\ue000\ue001"
    while any(marker in message.content for message in messages):
        marker += "\ue001"
    return marker
