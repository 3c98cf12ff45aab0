"""The question that a document answers: written, held to its rules, and checked against the text.

Both are the judge's work: what has to be on-policy of a pair are its responses, and a question is
as good as the reader who finds it.

Reference: Tan et al., PUGC (arXiv 2506.04463), the steps that write and filter the prompts.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from curation.models.protocols import Completion, GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS
from curation.prompts.prompt import Unparsed
from curation.prompts.ugc_question import ECHO, UGC_QUESTION
from curation.prompts.ugc_relevance import UGC_RELEVANCE
from curation.synthesis.origins import with_origin
from curation.synthesis.ugc import LEAKS, UgcRecord, UgcSettings
from curation.synthesis.ugc_wording import leaks, names_the_text
from schemas.records import Drop

NAMES = "names_the_text"
"""Why a question is none that nobody could answer without the text."""


def question_request(record: UgcRecord, settings: UgcSettings = UgcSettings()) -> GenerationRequest:
    """Ask for several questions that the text answers; the title is shown where there is one."""
    parts = [("title", record.title)] if record.title else []
    sampling = settings.sampling._replace(
        max_new_tokens=settings.question_tokens,
        temperature=settings.question_temperature,
        max_prompt_tokens=MAX_TOKENS,
    )
    messages = UGC_QUESTION.messages([*parts, ("text", record.reference)])
    return sampling.request(messages, f"{record.pair.id} question", settings.questions)


def with_question(
    record: UgcRecord,
    completions: Sequence[Completion],
    settings: UgcSettings = UgcSettings(),
    model: str = "",
) -> tuple[UgcRecord | Drop, tuple[str, ...]]:
    """Take the first good question.

    Input: the record, the completions of its `question_request`. Parameters: `model`, the judge
    as `name@revision`. Output: the record with its question, or a `Drop` with the reason that
    most of the questions failed for: `ugc_question:` and what is wrong with the form,
    `names_the_text`, `leaks_the_text`; and the reason of each that failed, as a note.
    """
    good: list[str] = []
    reasons: list[str] = []
    for completion in completions:
        question = UGC_QUESTION.parse(completion)
        if isinstance(question, Unparsed):
            reasons.append(question.reason)
        elif leaks(question, UGC_QUESTION.own_words, settings.max_shared_words):
            reasons.append(UGC_QUESTION.unparsed(ECHO).reason)
        elif names_the_text(question):
            reasons.append(NAMES)
        elif leaks(question, record.text, settings.max_shared_words):
            reasons.append(LEAKS)
        else:
            good.append(question)
    if not good:
        [(most_often, _)] = Counter(reasons).most_common(1)
        return Drop(record.pair.id, most_often, None, None), tuple(reasons)
    pair = with_origin(
        record.pair,
        models=[f"judge={model}"] if model else [],
        prompts=[UGC_QUESTION.identity],
    )
    return record._replace(pair=pair, question=good[0]), tuple(reasons)


def relevance_requests(
    record: UgcRecord, settings: UgcSettings = UgcSettings()
) -> list[LikelihoodRequest | GenerationRequest]:
    """Ask whether the text holds what the question asks for, in both wordings."""
    return UGC_RELEVANCE.both_wordings(
        record.question, record.reference, settings.judge_form, seed=settings.sampling.seed
    )


def with_relevance(
    record: UgcRecord,
    answers: Sequence[Any],
    settings: UgcSettings = UgcSettings(),
    model: str = "",
) -> UgcRecord | Drop:
    """Keep a record whose text answers its question.

    Input: the record, the answers to its `relevance_requests`. Parameters: `model`, the judge as
    `name@revision`. Output: the record, or a `Drop`: `not_answered` with the probability and the
    threshold, or `ugc_relevance:` and what is wrong with an answer in words.
    """
    probability = UGC_RELEVANCE.probability(answers, settings.judge_form)
    if isinstance(probability, Unparsed):
        return probability.drop(record.pair.id)
    if not probability > settings.relevance:
        return Drop(record.pair.id, "not_answered", probability, settings.relevance)
    pair = with_origin(
        record.pair,
        models=[f"judge={model}"] if model else [],
        prompts=[UGC_RELEVANCE.identity],
    )
    return record._replace(pair=pair)
