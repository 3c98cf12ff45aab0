"""Fitting a conversation to a server whose tokenizer cannot be asked.

Only the server counts tokens, so the count is estimated here, a little high: one token for
every 3 bytes of UTF-8 (English text, Chinese and code all have more bytes to a token in the
tokenizers of today) and 8 for the frame of each message. Older messages are left out, whole,
until the estimate fits. The last message is always sent unless no tokenizer could fit it; a
server that finds the prompt too long all the same is asked again with less of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from curation.models.chat import PromptTooLongError
from schemas.records import Message

_BYTES_PER_TOKEN = 3
_FRAME_TOKENS = 8
_MOST_BYTES_PER_TOKEN = 16  # As in `ChatFormat.fit`: no tokenizer gets a message below this.


class FittedPrompt(NamedTuple):
    """The part of a conversation that is sent.

    A system message at the start is kept, and what follows it begins with a user turn, as in
    `curation.models.chat.ChatFormat.fit`.
    """

    conversation: Sequence[Message]
    starts: Sequence[int]
    """Where the rest may begin, from the longest to the last message alone."""
    chosen: int
    """Which of the starts is taken."""
    step: int = 1
    """How many starts `shorter` moves on."""

    @property
    def messages(self) -> list[Message]:
        """The messages that are sent."""
        start = self.starts[self.chosen]
        return [*self.conversation[: self.starts[0]], *self.conversation[start:]]

    @property
    def cut(self) -> int:
        """How many older messages are left out."""
        return self.starts[self.chosen] - self.starts[0]

    def shorter(self) -> "FittedPrompt":
        """Leave out more: one turn first, then twice as many in each further step.

        Raises: PromptTooLongError when the last message is alone already.
        """
        last = len(self.starts) - 1
        if self.chosen == last:
            raise PromptTooLongError("the server finds even the last message alone too long")
        return self._replace(chosen=min(self.chosen + self.step, last), step=2 * self.step)


def fit_prompt(messages: Sequence[Message], budget: int) -> FittedPrompt:
    """Leave out older messages until the estimate fits; `budget` in tokens.

    Raises: PromptTooLongError when no tokenizer could fit the last message.

    >>> talk = [Message("user", "a" * 300), Message("assistant", "b"), Message("user", "c")]
    >>> fit_prompt(talk, 1024).cut, fit_prompt(talk, 50).cut
    (0, 2)
    """
    system = 1 if messages and messages[0].role == "system" else 0
    starts = [
        start
        for start in range(system, len(messages))
        if start in (system, len(messages) - 1) or messages[start].role == "user"
    ]
    if not starts or _bytes(messages[-1]) > budget * _MOST_BYTES_PER_TOKEN:
        raise PromptTooLongError(f"the last message alone is longer than {budget} tokens")
    left = budget - sum(map(_estimate, messages[:system]))
    fits = len(messages) - 1
    for index in range(len(messages) - 1, system - 1, -1):
        left -= _estimate(messages[index])
        if left < 0:
            break
        fits = index
    chosen = next(place for place, start in enumerate(starts) if start >= fits)
    return FittedPrompt(messages, starts, chosen)


def _estimate(message: Message) -> int:
    return -(-_bytes(message) // _BYTES_PER_TOKEN) + _FRAME_TOKENS


def _bytes(message: Message) -> int:
    return len(message.content.encode("utf-8", "replace"))
