"""The judge's verdicts in JSON: the schema that holds an answer to them, and the reading.

An answer counts as a whole or not at all: exactly the turns asked, in order, with known kinds
and states. Anything else is unparsable, for every turn of its window.
"""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from curation.feedback.detector import Finding, TurnLabel
from curation.feedback.rubric import RubricItem, of_polarity
from curation.models.protocols import Completion
from schemas.records import RELATIONS, STATES

MAX_REASON = 300
"""Longest reason, in characters; what is longer is cut."""

_LISTS = {"satisfied": "satisfaction", "dissatisfied": "dissatisfaction"}
_KEYS = ("turn", "satisfied", "dissatisfied", "reason", "state", "relation", "confidence")


def verdict_schema(turns: Sequence[int], rubric: Mapping[str, RubricItem]) -> str:
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
        "required": list(_KEYS),
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


def _list_of(names: Sequence[str]) -> dict[str, Any]:
    item = {"type": "string", "enum": list(names)} if names else {"type": "string"}
    return {"type": "array", "items": item, "maxItems": len(names)}


def read_json(
    answer: Completion, turns: Sequence[int], rubric: Mapping[str, RubricItem], method: str
) -> list[TurnLabel] | None:
    """The labels that an answer gives, one for each turn; None if it is not in form.

    The probability of a polarity is 1/2 + confidence/2 where the judge names a kind of it, and
    1/2 - confidence/2 where it names none.

    >>> text = '{"verdicts": [{"turn": 2, "satisfied": [], "dissatisfied": ["style"], "reason": '
    >>> text += '"Too long.", "state": "feedback", "relation": "related", "confidence": 0.5}]}'
    >>> from curation.feedback.rubric import RUBRIC
    >>> labels = read_json(Completion(text, "stop", 9, 9), [2], RUBRIC, "judge")
    >>> [(x.turn, x.dissatisfaction, x.satisfaction, x.state) for x in labels]
    [(2, 0.75, 0.25, 'feedback')]
    >>> read_json(Completion(text, "stop", 9, 9), [2, 4], RUBRIC, "judge") is None
    True
    """
    if answer.finish_reason != "stop":
        return None
    try:
        document = json.loads(
            answer.text, object_pairs_hook=_without_doubles, parse_constant=_no_number
        )
        verdicts = _fields(document, ("verdicts",))["verdicts"]
        if not isinstance(verdicts, list) or len(verdicts) != len(turns):
            return None
        return [
            _label(verdict, turn, rubric, method)
            for verdict, turn in zip(verdicts, turns, strict=True)
        ]
    except (ValueError, RecursionError):
        return None


def _label(verdict: Any, turn: int, rubric: Mapping[str, RubricItem], method: str) -> TurnLabel:
    said = _fields(verdict, _KEYS)
    if type(said["turn"]) is not int or said["turn"] != turn:
        raise ValueError("another turn")
    if said["state"] not in STATES or said["relation"] not in RELATIONS:
        raise ValueError("an unknown state or relation")
    confidence, reason = said["confidence"], said["reason"]
    if type(confidence) not in (int, float) or not isfinite(confidence) or not 0 <= confidence <= 1:
        raise ValueError("no confidence")
    if not isinstance(reason, str):
        raise ValueError("no reason")
    reason = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    reason = reason[:MAX_REASON]
    findings: list[Finding] = []
    probability = {}
    for key, polarity in _LISTS.items():
        kinds = _kinds(said[key], polarity, rubric)
        probability[polarity] = 0.5 + confidence / 2 if kinds else 0.5 - confidence / 2
        findings += [Finding(kind, reason, probability[polarity], polarity) for kind in kinds]
    return TurnLabel(
        turn,
        probability["dissatisfaction"],
        probability["satisfaction"],
        tuple(sorted(findings)),
        said["state"],
        said["relation"],
        method,
    )


def _kinds(value: Any, polarity: str, rubric: Mapping[str, RubricItem]) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
        raise ValueError("no list of kinds")
    if len(set(value)) != len(value):
        raise ValueError("a kind twice")
    for kind in value:
        if kind not in rubric or rubric[kind].polarity != polarity:
            raise ValueError("an unknown kind")
    return value


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
