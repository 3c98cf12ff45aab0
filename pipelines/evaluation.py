"""`curate evaluate` without its command line: choose a test set, let two models answer, judge.

Everything is in memory: a test set has some hundred items. One model is loaded at a time.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from curation import progress
from curation.evaluation.answers import (
    Answer,
    AnswerSettings,
    answer_of,
    answer_request,
    answers_of_rows,
)
from curation.evaluation.items import Item, Items, distinct, item_of_row, items_of_pairs
from curation.evaluation.judging import Judging, judge_requests, read_outcome, settled
from curation.evaluation.selection import Chosen, SelectionSettings, choose
from curation.evaluation.summary import Compared
from curation.models.isolation import Failure
from curation.models.loading import check_model
from curation.models.naming import CAPABILITIES, LIKELIHOOD, parse_model_name
from curation.models.sentence_encoder import encoder_identity, open_encoder
from curation.models.tasks import GENERATION
from pipelines.asking import Asking
from pipelines.jsonl_file import read_each
from schemas.errors import InputError, UsageError
from schemas.ids import content_id
from schemas.records import SPLITS
from sinks.inspect import read_pairs
from transforms.inference import ModelSettings

_FILE_ENDINGS = (".jsonl", ".json", ".gz", ".bz2", ".zst")

Report = Callable[[str], None]
"""What is told which work begins."""


class EvaluationSet(NamedTuple):
    """What two models are compared on."""

    dataset: str
    split: str | None
    """Of a dataset; None for a file."""
    found: Items
    chosen: list[Chosen]
    encoder: str
    """`name@revision` of what placed the items."""
    settings: SelectionSettings


class Side(NamedTuple):
    """One of the two that are compared: a model, or a file of answers."""

    given: str
    """As it was named."""
    identity: str
    """`name@revision` of a model; of a file, the hash of the answers in it."""
    is_file: bool
    answers: dict[str, Answer | Failure]
    """By the id of the item."""
    unknown: int = 0
    """Answers in the file for prompts that are not in the test set."""


def choose_test_set(
    dataset: str, split: str, encoder: str, settings: SelectionSettings, report: Report
) -> EvaluationSet:
    """Choose a test set from a published dataset, or from a file of items.

    Input: the root of a dataset, of which one `split` is read, or a JSONL file of objects with
    `prompt` and `rubric`, plain or compressed.

    Raises: InputError for a file that is not in form; UsageError when no item has a checklist;
    PublishError for a dataset that is not there; as `open_encoder`.
    """
    identity = encoder_identity(encoder)
    is_file = Path(dataset).is_file()
    if is_file:
        found = distinct(read_each(item_of_row, dataset))
    elif dataset.endswith(_FILE_ENDINGS):
        raise InputError(f"{dataset}: no such file")
    else:
        found = items_of_pairs(read_pairs(dataset, split))
    if not found.items:
        others = ", ".join(f"--split {name}" for name in SPLITS if name != split)
        raise UsageError(
            f"{dataset}: nothing to evaluate on: {found.without_checklist:,} prompts"
            + ("" if is_file else f" in split {split}")
            + ", none with a checklist (`rubric`)"
            + ("" if is_file else f"; try {others}")
        )
    progress.count("rows", len(found.items))
    report(f"placing {len(found.items):,} items by their meaning")
    chosen = choose(found.items, open_encoder(encoder), settings)
    return EvaluationSet(dataset, None if is_file else split, found, chosen, identity, settings)


def check_side(given: str) -> str:
    """Say whether a side can be had, before any work.

    Output: a model's `name@revision`; empty for a file of answers.

    Raises: InputError for a file that is not there; as `check_model`.
    """
    if Path(given).is_file():
        return ""
    if given.endswith(_FILE_ENDINGS):
        raise InputError(f"{given}: no such file")
    return check_model(given)


def answer(given: str, items: Sequence[Item], settings: AnswerSettings, asking: Asking) -> Side:
    """Get the answers of one side: from its file, or from the model.

    Raises: as `check_side`; InputError for a file that is not in form.
    """
    identity = check_side(given)
    if not identity:
        read = answers_of_rows(read_each(lambda row: row, given), items)
        if not read.answers:
            raise InputError(f"{given}: holds no answer to any of the {len(items):,} items")
        texts = [(key, read.answers[key].text) for key in sorted(read.answers)]
        label = f"answers-{content_id(texts)[:12]}"
        return Side(given, label, True, {**read.answers}, read.unknown)
    requests = [answer_request(item, settings) for item in items]
    replies = asking.ask(ModelSettings(given), GENERATION, requests, "generated")
    answers = {
        item.id: reply if isinstance(reply, Failure) else answer_of(reply)
        for item, reply in zip(items, replies, strict=True)
    }
    return Side(given, identity, False, answers)


def judging_with(judge: str, max_tokens: int, seed: int) -> Judging:
    """How a judge is asked: by likelihoods where its backend tells them, else in words.

    >>> judging_with("embedded", 4096, 0).in_words
    False
    >>> judging_with("openai:http://localhost:8000/v1#org/model", 4096, 0).in_words
    True
    """
    able = CAPABILITIES[parse_model_name(judge).backend]
    return Judging(judge, LIKELIHOOD not in able, max_tokens, seed)


def compare(
    items: Sequence[Item], a: Side, b: Side, judging: Judging, asking: Asking
) -> list[Compared]:
    """Decide each item, in the order of the items."""
    sides = [(a.answers.get(item.id), b.answers.get(item.id)) for item in items]
    outcomes = {
        item.id: outcome
        for item, (one, other) in zip(items, sides, strict=True)
        if (outcome := settled(one, other))
    }
    asked = [
        (item, one, other)
        for item, (one, other) in zip(items, sides, strict=True)
        if item.id not in outcomes and isinstance(one, Answer) and isinstance(other, Answer)
    ]
    requests = [judge_requests(item, one, other, judging) for item, one, other in asked]
    said = asking.ask(ModelSettings(judging.model), judging.task, requests, "scored")
    for (item, _, _), answers in zip(asked, said, strict=True):
        outcomes[item.id] = read_outcome(answers, judging)
    return [
        Compared(item, one, other, outcomes[item.id])
        for item, (one, other) in zip(items, sides, strict=True)
    ]
