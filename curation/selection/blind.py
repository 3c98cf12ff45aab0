"""Tasks for annotators: two replies side by side, of which nobody can tell which one was chosen.

Which reply stands first is drawn by a hash of the pair's id, so the file need not say it, and a
label that comes back finds its side again. (Whoever knows the hash can work it out.)
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

from schemas.errors import InputError
from schemas.ids import unit_interval
from schemas.records import Message, PreferencePair

Answer = Literal["a", "b", "tie", "skip", ""]
"""What an annotator may say; nothing for a task that is not done yet."""
_ANSWERS = ("a", "b", "tie", "skip", "")
_LONGEST_NAME = 200


class HumanLabel(NamedTuple):
    """What an annotator said of a pair."""

    pair_id: str
    annotator: str
    """Empty where the row names none."""
    answer: Answer


def chosen_is_first(pair_id: str) -> bool:
    """Whether annotators see the chosen reply as A.

    >>> sum(chosen_is_first(f"{n:032x}") for n in range(1000))
    510
    """
    return unit_interval(0, f"annotation:{pair_id}") < 0.5


def task_of(pair: PreferencePair) -> dict[str, Any]:
    """The task of a pair, as a JSON object: nothing in it says which reply was chosen.

    Output: `id`, `prompt` (messages), `response_a`, `response_b`, and empty `label` and
    `annotator` to be filled in.
    """
    first, second = pair.chosen, pair.rejected
    if not chosen_is_first(pair.id):
        first, second = second, first
    return {
        "id": pair.id,
        "prompt": [message._asdict() for message in pair.prompt],
        "response_a": _text(first),
        "response_b": _text(second),
        "label": "",
        "annotator": "",
    }


def label_of_row(row: Any) -> HumanLabel:
    """What a returned task says.

    Input: a JSON object with `id` and `label`, perhaps `annotator`; other keys are not read.

    Raises: InputError that says what is wrong.

    >>> label_of_row({"id": "ab", "label": " TIE ", "annotator": "ann"})
    HumanLabel(pair_id='ab', annotator='ann', answer='tie')
    >>> label_of_row({"id": "ab", "label": "first"})
    Traceback (most recent call last):
    schemas.errors.InputError: label: expected a, b, tie or skip; got 'first'
    """
    if not isinstance(row, Mapping):
        raise InputError("expected an object with id and label")
    pair_id = row.get("id")
    if not isinstance(pair_id, str) or not pair_id:
        raise InputError("id: expected the id of a pair")
    label, annotator = (_said(row, name) for name in ("label", "annotator"))
    if label.lower() not in _ANSWERS:
        raise InputError(f"label: expected a, b, tie or skip; got {_short(label)}")
    if len(annotator) > _LONGEST_NAME:
        raise InputError(f"annotator: longer than {_LONGEST_NAME} characters")
    return HumanLabel(pair_id, annotator, cast(Answer, label.lower()))


def share_for_chosen(label: HumanLabel) -> float | None:
    """A label as `PreferencePair.labels` has it: 1 chosen, 0 rejected, 0.5 tie; None for no answer.

    >>> one = HumanLabel("ab" * 16, "ann", "a")
    >>> {share_for_chosen(one), share_for_chosen(one._replace(answer="b"))} == {0.0, 1.0}
    True
    """
    if label.answer == "tie":
        return 0.5
    if label.answer not in ("a", "b"):
        return None
    return float((label.answer == "a") == chosen_is_first(label.pair_id))


def _said(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{name}: expected text; got {_short(value)}")
    return value.strip()


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def _text(side: Sequence[Message]) -> str:
    return "\n".join(message.content for message in side)
