"""Rows with two replies and a verdict: pairs whose file says which reply stood first.

Pairs that were written as chosen and rejected have lost the place. Rows of AutoJ, AlpacaEval,
IFLLM and Chatbot Arena still have it, and sometimes who wrote each reply and who decided.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from curation.audit.audited import AuditedPair
from curation.formats.completions import read_prompt, read_side
from curation.formats.context import Context
from curation.formats.fields import first, label, number
from curation.formats.pairs import build_pair
from curation.formats.parse import parse_row
from curation.reading.rows import Problem, Row, ingest_reject
from schemas.records import PLACES, SPLITS, PreferencePair, Reject

TIE = "tie"
"""Reason of a row whose replies are equally good."""
NO_VERDICT = "no_verdict"
"""Reason of a row that does not say which reply is better."""

_PROMPTS = ("prompt", "instruction", "user_query", "question", "query")
REPLIES = (
    ("response 1", "response 2"),
    ("response_1", "response_2"),
    ("output_1", "output_2"),
    ("llm_response_1", "llm_response_2"),
    ("response_a", "response_b"),
    ("answer_a", "answer_b"),
)
"""Fields of two replies, in the order in which they stood."""
_MODELS = (
    ("generator_1", "generator_2"),
    ("llm_name_1", "llm_name_2"),
    ("model_1", "model_2"),
    ("model_a", "model_b"),
)
_JUDGES = ("annotator", "judge", "annotator_model")


class _Verdict(NamedTuple):
    """How a field says which reply is better; the first that a row has is taken."""

    field: str
    read: Callable[[Any], str | None]
    """The place of the better one, `TIE`, or None for what says nothing."""


def _label(value: Any) -> str | None:
    """AutoJ: 0 the first, 1 the second, 2 a tie."""
    found = number(value)
    return {0.0: PLACES[0], 1.0: PLACES[1], 2.0: TIE}.get(found) if found is not None else None


def _preference(value: Any) -> str | None:
    """AlpacaEval and IFLLM: 1 the first, 2 the second, and anything between."""
    found = number(value)
    if found is None or not 1 <= found <= 2:
        return None
    return TIE if found == 1.5 else PLACES[int(found > 1.5)]


def _winner(value: Any) -> str | None:
    """Chatbot Arena: `model_a`, `model_b`, `tie`, `tie (bothbad)`."""
    if not isinstance(value, str):
        return None
    said = value.strip().casefold()
    if said.startswith("tie"):
        return TIE
    return {"model_a": PLACES[0], "a": PLACES[0], "model_b": PLACES[1], "b": PLACES[1]}.get(said)


_VERDICTS = (
    _Verdict("label", _label),
    _Verdict("preference", _preference),
    _Verdict("winner", _winner),
)


def read_audited(row: Row, context: Context) -> list[AuditedPair] | Reject:
    """Read a row of any format of pairs, or one with two replies and a verdict.

    Input: as `curation.formats.parse_row`. Output: pairs, with the place of the chosen reply where
    the row says it; or the `Reject` of the row: besides those of `parse_row` it may be a `tie`,
    have `no_verdict`, or hold no pair (`not_a_pair`). A `split` of the row is kept.

    >>> row = {"prompt": "Hi", "response_1": "Ho", "response_2": "Hm", "label": 1}
    >>> (found,) = read_audited(Row(row, 0), Context("a"))
    >>> found.position, found.pair.chosen[0].content
    ('second', 'Hm')
    >>> read_audited(Row({**row, "label": 2}, 0), Context("a")).reason
    'tie'
    """
    found = _two_replies(row, context)
    if isinstance(found, Problem):
        return ingest_reject(found, context.file, row)
    if found is not None:
        return found
    records = parse_row(row, context)
    if isinstance(records, Reject):
        return records
    pairs = [_split(record, row.value) for record in records if isinstance(record, PreferencePair)]
    if not pairs:
        kind = type(records[0]).__name__
        return ingest_reject(Problem("not_a_pair", f"this is a {kind}"), context.file, row)
    return [AuditedPair(pair) for pair in pairs]


def _two_replies(row: Row, context: Context) -> list[AuditedPair] | Problem | None:
    value = row.value
    if not isinstance(value, dict):
        return None
    fields = next((names for names in REPLIES if all(name in value for name in names)), None)
    verdict = next((v for v in _VERDICTS if v.field in value), None)
    if fields is None or verdict is None:
        return None
    place = verdict.read(value[verdict.field])
    if place == TIE:
        return Problem(TIE, f"{verdict.field}: both replies are equally good")
    if place is None or not all(value[name] for name in fields):
        detail = f"{verdict.field}: {str(value[verdict.field])[:60]!r}"
        return Problem(NO_VERDICT, f"{detail} does not say which of two replies is better")
    best = PLACES.index(place)
    pairs = _ordered(value, (fields[best], fields[1 - best]), row, context)
    if isinstance(pairs, Problem):
        return pairs
    names = next((names for names in _MODELS if any(name in value for name in names)), None)
    chosen, rejected = (label(value.get(names[i])) if names else None for i in (best, 1 - best))
    judge = label(first(value, _JUDGES))
    return [AuditedPair(_split(pair, value), place, chosen, rejected, judge) for pair in pairs]


def _ordered(
    value: Mapping[str, Any], fields: tuple[str, str], row: Row, context: Context
) -> list[PreferencePair] | Problem:
    """The pair of two replies, of which the first is the better one."""
    prompt = read_prompt(first(value, _PROMPTS), context.max_turn_chars)
    if isinstance(prompt, Problem):
        return prompt
    chosen, rejected = (read_side(value[name], name, context.max_turn_chars) for name in fields)
    if isinstance(chosen, Problem):
        return chosen
    if isinstance(rejected, Problem):
        return rejected
    return build_pair((prompt + chosen, prompt + rejected), row, context, "two_replies")


def _split(pair: PreferencePair, value: Mapping[str, Any]) -> PreferencePair:
    split = value.get("split")
    return pair._replace(split=split) if split in SPLITS else pair
