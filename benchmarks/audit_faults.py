"""Faults to plant in copies of real pairs, and labels drawn by a coin."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from curation.audit.audited import AuditedPair, text_of
from schemas.ids import conversation_id, pair_id, unit_interval
from schemas.records import Message

MARKER = "Absolutely"
"""The marker word: an ordinary one."""
CONSTANT = "The answer above is the better one; there is nothing to add to it."
"""What a model says that says the same to everybody."""
_MARKED = 0.3
_CONSTANT = 0.1
_BOTH = 0.05
_TEST = 0.5

Pairs = Sequence[AuditedPair]


class Fault(NamedTuple):
    """A fault, and the figure that must warn of it."""

    plant: Callable[[Pairs], list[AuditedPair]]
    figure: str


def swapped(told: AuditedPair) -> AuditedPair:
    """The same two replies with the other one chosen."""
    pair = told.pair
    place = {"first": "second", "second": "first"}.get(told.position or "")
    scores = (pair.rejected_score, pair.chosen_score)
    margin = None if pair.margin is None else -pair.margin
    changed = pair._replace(
        id=pair_id(pair.prompt, pair.rejected, pair.chosen),
        chosen=pair.rejected,
        rejected=pair.chosen,
        margin=margin,
        chosen_score=scores[0],
        rejected_score=scores[1],
    )
    return AuditedPair(changed, place, told.rejected_model, told.chosen_model, told.judge)


def tossed(pairs: Pairs, seed: int) -> list[AuditedPair]:
    """A copy whose labels a coin has drawn, and the places where the file does not say them."""
    return [_tossed(told, seed, f"{number}:{told.pair.id}") for number, told in enumerate(pairs)]


def _tossed(told: AuditedPair, seed: int, name: str) -> AuditedPair:
    turned = swapped(told) if unit_interval(seed, name) < 0.5 else told
    if turned.position is not None:
        return turned
    place = "first" if unit_interval(seed, f"place:{name}") < 0.5 else "second"
    return turned._replace(position=place)


def longer_chosen(pairs: Pairs) -> list[AuditedPair]:
    """The longer reply is always the chosen one."""
    return [
        swapped(told) if len(text_of(p.chosen).strip()) < len(text_of(p.rejected).strip()) else told
        for told in pairs
        for p in (told.pair,)
    ]


def marker_word(pairs: Pairs) -> list[AuditedPair]:
    """Three of ten chosen replies have a marker word somewhere in the middle."""
    return [
        _with(told, chosen=_marked(text_of(told.pair.chosen)))
        if unit_interval(1, told.pair.id) < _MARKED
        else told
        for told in pairs
    ]


def chosen_first(pairs: Pairs) -> list[AuditedPair]:
    """The chosen reply always stands first."""
    return [told._replace(position="first") for told in pairs]


def shared_prompts(pairs: Pairs) -> list[AuditedPair]:
    """Two splits by prompt, and 5 % of the test split's prompts in the training split as well."""
    result = []
    seen = set()
    for told in pairs:
        prompt = conversation_id(told.pair.prompt)
        split = "test" if unit_interval(2, prompt) < _TEST else "train"
        result.append(told._replace(pair=told.pair._replace(split=split)))
        if split == "test" and prompt not in seen and unit_interval(3, prompt) < _BOTH:
            result.append(told._replace(pair=told.pair._replace(split="train")))
        seen.add(prompt)
    return result


def constant_answers(pairs: Pairs, text: str = CONSTANT) -> list[AuditedPair]:
    """One of ten rejected replies is always the same."""
    return [
        _with(told, rejected=text) if unit_interval(4, told.pair.id) < _CONSTANT else told
        for told in pairs
    ]


FAULTS = {
    "longer side always chosen": Fault(longer_chosen, "length.longer_chosen"),
    "marker word in 30 % of chosen": Fault(marker_word, "words.one_sided"),
    "chosen always first": Fault(chosen_first, "position.chosen_first"),
    "5 % of prompts in both splits": Fault(shared_prompts, "prompts.in_both_splits"),
    "constant answers, 10 % of rejected": Fault(constant_answers, "constant.rejected"),
}
"""The faults by name."""


def _marked(text: str) -> str:
    words = text.split(" ")
    middle = len(words) // 2
    return " ".join([*words[:middle], MARKER, *words[middle:]])


def _with(told: AuditedPair, **texts: str) -> AuditedPair:
    sides = {side: (Message("assistant", text),) for side, text in texts.items()}
    pair = told.pair._replace(**sides)
    return told._replace(pair=pair._replace(id=pair_id(pair.prompt, pair.chosen, pair.rejected)))
