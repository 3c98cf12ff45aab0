"""The report of an evaluation: everything that is known of it, as JSON-like values."""

from collections.abc import Sequence
from typing import Any

from curation.evaluation.answers import Answer
from curation.evaluation.judging import Judging
from curation.evaluation.selection import Chosen
from curation.evaluation.summary import Compared, summarise
from curation.models.isolation import Failure
from curation.models.loading import check_model
from pipelines.evaluation import EvaluationSet, Side
from schemas.ids import content_id

REPORT_VERSION = 1
"""Version of the report's form."""


def report_of(
    test_set: EvaluationSet, a: Side, b: Side, judging: Judging, compared: Sequence[Compared]
) -> dict[str, Any]:
    """Everything that is known of an evaluation, as JSON-like values.

    The same evaluation gives the same report: it holds no time and no place but the names given.
    """
    found, settings = test_set.found, test_set.settings
    return {
        "version": REPORT_VERSION,
        "dataset": test_set.dataset,
        "split": test_set.split,
        "selection": {
            "items_read": len(found.items),
            "without_checklist": found.without_checklist,
            "repeated_prompts": found.repeated,
            "clusters": len({chosen.cluster for chosen in test_set.chosen}),
            "nearest": settings.nearest,
            "seed": settings.seed,
            "encoder": test_set.encoder,
        },
        "items_hash": content_id([chosen.item.id for chosen in test_set.chosen]),
        "a": _side(a),
        "b": _side(b),
        "judge": {
            "model": check_model(judging.model),
            "template": judging.template.identity,
            "asked_for": "verdict" if judging.in_words else "likelihoods",
        },
        "result": summarise(compared, settings.seed),
        "items": [
            _item(chosen, one) for chosen, one in zip(test_set.chosen, compared, strict=True)
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "given": side.given,
        "kind": "file" if side.is_file else "model",
        "identity": side.identity,
        "answers_to_other_prompts": side.unknown,
    }


def _item(chosen: Chosen, compared: Compared) -> dict[str, Any]:
    item, a, b, outcome = compared
    judged = outcome.judgement
    return {
        "id": item.id,
        "group": item.group,
        "cluster": chosen.cluster,
        "distance": chosen.distance,
        "checklist": item.checklist,
        "a": _answer(a),
        "b": _answer(b),
        "result": outcome.result,
        "reason": outcome.reason,
        "probability": judged.probability if judged else None,
        "by_order": list(judged.by_order) if judged else None,
        "consistent": judged.consistent if judged else None,
    }


def _answer(answer: Answer | Failure | None) -> dict[str, Any] | None:
    return answer._asdict() if answer else None
