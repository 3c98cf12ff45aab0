"""Labels of the judge's verdicts in JSON."""

from collections.abc import Mapping, Sequence

from curation.feedback.detector import Finding, TurnLabel
from curation.feedback.rubric import RubricItem
from curation.models.protocols import Completion
from curation.prompts.prompt import Unparsed
from curation.prompts.turn_judge_json import BY_JSON, TurnVerdict


def read_json(
    answer: Completion, turns: Sequence[int], rubric: Mapping[str, RubricItem], method: str
) -> list[TurnLabel] | Unparsed:
    """The labels that an answer gives, one for each turn; what is wrong if it is not in form.

    The probability of a polarity is 1/2 + confidence/2 where the judge names a kind of it, and
    1/2 - confidence/2 where it names none.

    >>> text = '{"verdicts": [{"turn": 2, "satisfied": [], "dissatisfied": ["style"], "reason": '
    >>> text += '"Too long.", "state": "feedback", "relation": "related", "confidence": 0.5}]}'
    >>> from curation.feedback.rubric import RUBRIC
    >>> labels = read_json(Completion(text, "stop", 9, 9), [2], RUBRIC, "judge")
    >>> [(x.turn, x.dissatisfaction, x.satisfaction, x.state) for x in labels]
    [(2, 0.75, 0.25, 'feedback')]
    >>> read_json(Completion(text, "stop", 9, 9), [2, 4], RUBRIC, "judge").reason
    'turn_judge_json:turns'
    """
    verdicts = BY_JSON.parse_for(answer, turns, rubric)
    if isinstance(verdicts, Unparsed):
        return verdicts
    return [_label(verdict, method) for verdict in verdicts]


def _label(verdict: TurnVerdict, method: str) -> TurnLabel:
    findings: list[Finding] = []
    probability = {}
    named = {"satisfaction": verdict.satisfied, "dissatisfaction": verdict.dissatisfied}
    for polarity, kinds in named.items():
        half = verdict.confidence / 2
        probability[polarity] = 0.5 + half if kinds else 0.5 - half
        findings += [
            Finding(kind, verdict.reason, probability[polarity], polarity) for kind in kinds
        ]
    return TurnLabel(
        verdict.turn,
        probability["dissatisfaction"],
        probability["satisfaction"],
        tuple(sorted(findings)),
        verdict.state,
        verdict.relation,
        method,
    )
