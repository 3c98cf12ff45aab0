"""What can be measured of a pair's texts without a model: lengths, flags, the language.

Facts, stored with the pair; what follows from them is decided by the selection, and can be decided
again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from curation.selection.flags import with_flags
from curation.selection.languages import foreign_sides, language_of_text, last_user_text
from curation.selection.normal_form import normal_form, words_of
from curation.selection.refusals import REFUSAL, asks_for_refusal, stance
from curation.selection.requests import HARMFUL, harm_of, warns
from curation.selection.trainer_tokens import PairTokens, TrainerTokenizer, shared_start
from schemas.errors import ModelError
from schemas.records import Message, PreferencePair

UNTOKENIZED = "untokenized"
"""What is noted of a pair that a tokenizer's template refuses: it stays without lengths in
tokens."""
COMPLYING = 80
"""Characters from which on a reply is taken to comply; shorter ones ask back or brush off."""


class Measured(NamedTuple):
    """A pair with its measurements."""

    pair: PreferencePair
    """With all the columns that are measured here."""
    notes: tuple[str, ...]
    """What is to be counted: `UNTOKENIZED`, or nothing."""


def measure(pair: PreferencePair, tokenizer: TrainerTokenizer | None = None) -> Measured:
    """Measure a pair.

    Input: a pair, and the trainer's tokenizer; without one, the columns of tokens stay empty.
    Output: the pair with chosen_chars, rejected_chars, prompt_tokens, chosen_tokens,
    rejected_tokens, shared_tokens, shared_end_tokens, flags and language. Flags that others set
    (`contradicted`, `flipped`) stay.

    >>> def pair(prompt, chosen, rejected):
    ...     sides = [[Message("assistant", text)] for text in (chosen, rejected)]
    ...     return PreferencePair("p", [Message("user", prompt)], *sides, *[None] * 6, "existing",
    ...                           "demo", "c", None, None, None, "")
    >>> done, _ = measure(pair("How long do I boil an egg?", "Six minutes.", "I can't help you."))
    >>> done.chosen_chars, done.flags, done.language, done.chosen_tokens
    (12, ('refusal:rejected',), 'en', None)
    >>> measure(pair("Hi", "Hello!", "hello"))[0].flags
    ('identical',)
    """
    chosen, rejected = words_of(pair.chosen), words_of(pair.rejected)
    kept = tuple(flag for flag in pair.flags if flag in ("contradicted", "flipped"))
    lengths, notes = _lengths(pair, tokenizer)
    measured = pair._replace(
        chosen_chars=len(chosen.strip()),
        rejected_chars=len(rejected.strip()),
        prompt_tokens=lengths.prompt,
        chosen_tokens=lengths.chosen,
        rejected_tokens=lengths.rejected,
        shared_tokens=lengths.shared,
        shared_end_tokens=lengths.shared_end,
        flags=with_flags(kept, *_flags(pair.prompt, {"chosen": chosen, "rejected": rejected})),
        language=language_of_text(last_user_text(pair.prompt)),
    )
    return Measured(measured, notes)


class TokenLengths(NamedTuple):
    """The columns of a pair that need a tokenizer, see `PreferencePair`."""

    prompt: int | None = None
    """prompt_tokens."""
    chosen: int | None = None
    """chosen_tokens."""
    rejected: int | None = None
    """rejected_tokens."""
    shared: int | None = None
    """shared_tokens."""
    shared_end: int | None = None
    """shared_end_tokens."""


def token_lengths(tokens: PairTokens) -> TokenLengths:
    """Lengths of a tokenised pair, and how much of both ends its sides share.

    They say what any cut makes of the pair. Of its beginning: both sides, cut to the same length,
    are equal when no more than the prompt and `shared` is left of them. Of its end: when no more
    than `shared_end` is left, counted through prompt and reply.

    >>> token_lengths(PairTokens([7], [1, 2, 9], [1, 3, 9]))
    TokenLengths(prompt=1, chosen=3, rejected=3, shared=1, shared_end=1)
    """
    prompt, chosen, rejected = tokens
    ends = (prompt + chosen)[::-1], (prompt + rejected)[::-1]
    shared = shared_start(chosen, rejected)
    return TokenLengths(len(prompt), len(chosen), len(rejected), shared, shared_start(*ends))


def _lengths(
    pair: PreferencePair, tokenizer: TrainerTokenizer | None
) -> tuple[TokenLengths, tuple[str, ...]]:
    if tokenizer is None:
        return TokenLengths(), ()
    try:
        return token_lengths(tokenizer.tokens(pair.prompt, pair.chosen, pair.rejected)), ()
    except ModelError:
        return TokenLengths(), (UNTOKENIZED,)


def _flags(prompt: Sequence[Message], sides: dict[str, str]) -> list[str]:
    flags = [f"language:{name}" for name in foreign_sides(prompt, sides)]
    if len({normal_form(text) for text in sides.values()}) == 1:
        flags.append("identical")
    if not any(message.content.strip() for message in prompt):
        flags.append("empty_prompt")
    if not prompt or prompt[-1].role != "user":
        flags.append("no_user_turn")
    harm = harm_of(last_user_text(prompt))
    if harm == HARMFUL:
        flags.append("harmful_prompt")
    for name, text in sides.items():
        declines = stance(text)
        if harm == HARMFUL and declines is None and _complies(text):
            flags.append(f"compliance:{name}")
        # A refusal that speaks of harm may know better than the lists.
        elif declines == REFUSAL and harm is harm_of(text) is None and _is_harmless(prompt):
            flags.append(f"refusal:{name}")
    return flags


def _is_harmless(prompt: Sequence[Message]) -> bool:
    """Whether no turn of the user gives a reason to refuse, or asks for words of refusal."""
    return not any(
        harm_of(message.content) or asks_for_refusal(message.content)
        for message in prompt
        if message.role in ("user", "system")
    )


def _complies(reply: str) -> bool:
    """Whether a reply is long enough to do something, asks nothing back and does not warn."""
    said = reply.strip()
    return len(said) >= COMPLYING and not said.endswith(("?", "？")) and not warns(said)
