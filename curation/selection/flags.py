"""What may be seen in the texts of a pair: facts, stored with it, by which gates decide."""

FLAGS = (
    "identical",
    "empty_prompt",
    "no_user_turn",
    "refusal:chosen",
    "refusal:rejected",
    "harmful_prompt",
    "compliance:chosen",
    "compliance:rejected",
    "language:chosen",
    "language:rejected",
    "contradicted",
    "flipped",
)
"""Flags in the order in which a pair has them. `identical`: the sides are the same after
normalisation; `empty_prompt`, `no_user_turn`: the prompt says nothing, or does not end with the
user; `refusal:SIDE`: the side declines a request that is not harmful; `harmful_prompt`: the last
request asks for harm; `compliance:SIDE`: it is complied with; `language:SIDE`: the side is in
another language than the prompt; `contradicted`: another pair of the input has the same prompt and
sides the other way round; `flipped`: the sides were exchanged by the selection."""


def with_flags(flags: tuple[str, ...], *more: str) -> tuple[str, ...]:
    """Flags with more of them, each once, in their order.

    >>> with_flags(("flipped",), "identical", "flipped")
    ('identical', 'flipped')
    """
    return tuple(flag for flag in FLAGS if flag in (*flags, *more))
