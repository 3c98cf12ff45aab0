"""The judge's verdicts in JSON: the schema that holds an answer to them, and the reading.

An answer counts as a whole or not at all: exactly the turns asked, in order, with known kinds
and states. Anything else is of no use for every turn of its window.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from curation.feedback.rubric import RubricItem, of_polarity
from curation.models.protocols import Completion
from curation.prompts.prompt import Prompt, Unparsed
from curation.prompts.turn_judge import TurnJudgeTemplate
from schemas.records import RELATIONS, STATES

MAX_REASON = 300
"""Longest reason, in characters; what is longer is cut."""
TURNS, KINDS = "turns", "kinds"
"""Kinds of failure beside those of every prompt: verdicts of the form that are about other turns;
that name a kind which the rubric does not have, or has in the other polarity."""

_LISTS = {"satisfied": "satisfaction", "dissatisfied": "dissatisfaction"}


class TurnVerdict(NamedTuple):
    """What the judge says of one turn; the fields are those of the JSON, in its order."""

    turn: int
    satisfied: tuple[str, ...]
    """Kinds of satisfaction, each once."""
    dissatisfied: tuple[str, ...]
    """Kinds of dissatisfaction, each once."""
    reason: str
    """One line of at most `MAX_REASON` characters; may be empty."""
    state: str
    relation: str
    confidence: float
    """0 to 1."""


class TurnJudgeJson(TurnJudgeTemplate, Prompt[tuple[TurnVerdict, ...]]):
    """The form that is written as JSON."""

    name = "turn_judge_json"
    grammar = (
        'JSON: {"verdicts": [VERDICT, ...]}, a VERDICT for each turn asked, in order, with exactly '
        f'the fields {", ".join(TurnVerdict._fields)}: "turn" its number, "satisfied" and '
        '"dissatisfied" lists of different kinds of that polarity in the rubric, "reason" a text '
        f'of which {MAX_REASON} characters are kept, "state" {" | ".join(STATES)}, "relation" '
        f'{" | ".join(RELATIONS)}, "confidence" a number from 0 to 1'
    )

    def schema(self, turns: Sequence[int], rubric: Mapping[str, RubricItem]) -> str:
        """The JSON schema, as JSON, of an answer about some turns."""
        lists = {
            key: _list_of([item.name for item in of_polarity(rubric, polarity)])
            for key, polarity in _LISTS.items()
        }
        verdict = {
            "type": "object",
            "properties": {
                "turn": {"type": "integer", "enum": list(turns)},
                **lists,
                "reason": {"type": "string", "maxLength": MAX_REASON},
                "state": {"type": "string", "enum": list(STATES)},
                "relation": {"type": "string", "enum": list(RELATIONS)},
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            },
            "required": list(TurnVerdict._fields),
            "additionalProperties": False,
        }
        count = len(turns)
        verdicts = {"type": "array", "items": verdict, "minItems": count, "maxItems": count}
        return json.dumps(
            {
                "type": "object",
                "properties": {"verdicts": verdicts},
                "required": ["verdicts"],
                "additionalProperties": False,
            }
        )

    def read(self, text: str) -> tuple[TurnVerdict, ...] | Unparsed:
        """The verdicts, whatever turns and kinds they name; one that is off spoils all.

        >>> BY_JSON.read('{"verdicts": []}'), BY_JSON.read("[]").kind
        ((), 'off_grammar')
        """
        try:
            document = json.loads(
                text, object_pairs_hook=_without_doubles, parse_constant=_no_number
            )
            verdicts = _fields(document, ("verdicts",))["verdicts"]
            if not isinstance(verdicts, list):
                return self.unparsed()
            return tuple(map(_verdict, verdicts))
        except (ValueError, RecursionError):
            return self.unparsed()

    def parse_for(
        self, answer: Completion, turns: Sequence[int], rubric: Mapping[str, RubricItem]
    ) -> tuple[TurnVerdict, ...] | Unparsed:
        """Read an answer about some turns, by a rubric.

        >>> from curation.feedback.rubric import RUBRIC
        >>> text = '{"verdicts": [{"turn": 2, "satisfied": [], "dissatisfied": ["style"], "reason":'
        >>> text += '"Long.", "state": "feedback", "relation": "related", "confidence": 0.5}]}'
        >>> BY_JSON.parse_for(Completion(text, "stop", 9, 9), [2], RUBRIC)[0].dissatisfied
        ('style',)
        >>> BY_JSON.parse_for(Completion(text, "stop", 9, 9), [2, 4], RUBRIC).kind
        'turns'
        """
        read = self.parse(answer)
        if isinstance(read, Unparsed):
            return read
        if [verdict.turn for verdict in read] != list(turns):
            return self.unparsed(TURNS)
        for verdict in read:
            for kinds, polarity in zip(verdict[1:3], _LISTS.values(), strict=True):
                if any(k not in rubric or rubric[k].polarity != polarity for k in kinds):
                    return self.unparsed(KINDS)
        return read


def _list_of(names: Sequence[str]) -> dict[str, Any]:
    item = {"type": "string", "enum": list(names)} if names else {"type": "string"}
    return {"type": "array", "items": item, "maxItems": len(names)}


def _verdict(value: Any) -> TurnVerdict:
    said = _fields(value, TurnVerdict._fields)
    if type(said["turn"]) is not int:
        raise ValueError("no number of a turn")
    if said["state"] not in STATES or said["relation"] not in RELATIONS:
        raise ValueError("an unknown state or relation")
    confidence, reason = said["confidence"], said["reason"]
    if type(confidence) not in (int, float) or not 0 <= confidence <= 1:
        raise ValueError("no confidence")
    if not isinstance(reason, str):
        raise ValueError("no reason")
    line = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    kinds = {key: _different_texts(said[key]) for key in _LISTS}
    return TurnVerdict(**{**said, **kinds, "reason": line[:MAX_REASON]})


def _different_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
        raise ValueError("no list of kinds")
    if len(set(value)) != len(value):
        raise ValueError("a kind twice")
    return tuple(value)


def _fields(value: Any, keys: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise ValueError("other fields")
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a field twice")
    return dict(pairs)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


BY_JSON = TurnJudgeJson()
"""The form for a backend that holds an answer to a JSON schema."""
