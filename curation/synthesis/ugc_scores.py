"""How near each response is to the text that answers the question, by three measures.

`judge`                 a rubric judge with the text as reference answer: levels 1 to 5
`follow_up_likelihood`  what a user would say next (FLR), without the text: nats per token
`similarity`            cosine of the sentence vectors of response and text: -1 to 1

Reference: Tan et al., PUGC (arXiv 2506.04463), the step that scores with the content as reference.
"""

from collections.abc import Sequence
from math import fsum, isnan
from typing import Any

from curation.models.protocols import (
    GenerationRequest,
    JointRequest,
    JointResult,
    LikelihoodRequest,
)
from curation.prompts.choice import MAX_TOKENS
from curation.prompts.prompt import Unparsed
from curation.prompts.ugc_feedback import UGC_FEEDBACK
from curation.prompts.ugc_grade import UGC_GRADE, graded_parts, scale
from curation.scoring.follow_up_likelihood import candidate_rewards, candidates_request
from curation.scoring.pairs import chosen_follow_ups, follow_ups_name
from curation.scoring.text_similarity import TextSimilarityRequest
from curation.synthesis.origins import with_origin
from curation.synthesis.ugc import UgcRecord, UgcSettings, fewest
from schemas.errors import ModelError
from schemas.records import CandidateScores, Drop, Message


def grade_requests(
    record: UgcRecord, settings: UgcSettings = UgcSettings()
) -> list[LikelihoodRequest | GenerationRequest]:
    """Ask for the level of each response, in as many wordings as there are, at most two.

    Output: the requests of the first response, then those of the second, and so on. In words,
    `repeats` answers are shared out among the two wordings.
    """
    requests: list[LikelihoodRequest | GenerationRequest] = []
    for response in record.responses:
        asked = record.question, record.reference, response
        if settings.judge_form == "likelihood":
            requests += UGC_GRADE.wordings(*asked, count=settings.repeats)
        else:
            requests += _in_words(record, response, settings)
    return requests


def with_grades(
    record: UgcRecord,
    answers: Sequence[Any],
    settings: UgcSettings = UgcSettings(),
    model: str = "",
) -> tuple[UgcRecord | Drop, tuple[str, ...]]:
    """Put the levels into a record.

    Input: the record, the answers to its `grade_requests`. Parameters: `model`, the judge as
    `name@revision`. Output: the record with the mean level of each response; a response that has
    too few grades of the grammar (less than half of `repeats`) is left out of it. Or the `Drop`
    `too_few_scores` when fewer are left than the settings ask for. And a note for every answer
    that is no grade.
    """
    wordings = min(settings.repeats, 2)
    prompt = UGC_GRADE if settings.judge_form == "likelihood" else UGC_FEEDBACK
    levels: list[float | None] = []
    notes: list[str] = []
    for at in range(len(record.responses)):
        graded = answers[at * wordings : (at + 1) * wordings]
        if settings.judge_form == "likelihood":
            levels.append(UGC_GRADE.level(graded))
        else:
            levels.append(_level_in_words(graded, notes))
    kept = [(r, x) for r, x in zip(record.responses, levels, strict=True) if x is not None]
    least = fewest(settings)
    if len(kept) < least:
        few = Drop(record.pair.id, "too_few_scores", float(len(kept)), float(least))
        return few, tuple(notes)
    missing = [level is None for level in levels]
    pair = with_origin(
        record.pair, models=[f"judge={model}"] if model else [], prompts=[prompt.identity]
    )
    done = record._replace(
        pair=pair,
        responses=tuple(response for response, _ in kept),
        # Measures taken before this one lose the same responses.
        scores=tuple(
            score._replace(
                values=tuple(x for x, out in zip(score.values, missing, strict=True) if not out)
            )
            for score in record.scores
        ),
    )
    return _with_scores(done, "judge", [level for _, level in kept]), tuple(notes)


def follow_ups_request(record: UgcRecord, settings: UgcSettings = UgcSettings()) -> JointRequest:
    """Ask for the follow-ups after each response to the question, without similarity."""
    scoring = settings.scoring
    prompt = [Message("user", record.question)]
    follow_ups = chosen_follow_ups(scoring)
    return candidates_request(
        prompt, record.responses, follow_ups, scoring.calibrate, scoring.max_tokens
    )


def with_follow_ups(
    record: UgcRecord,
    result: JointResult,
    settings: UgcSettings = UgcSettings(),
    model: str = "",
) -> UgcRecord:
    """Put the follow-up rewards (nats per token) into a record.

    Input: the record, the answer to its `follow_ups_request`. Parameters: `model`, the scorer as
    `name@revision`. Raises: ModelError when a reward is no number.
    """
    scoring = settings.scoring
    ranked = candidate_rewards(result, chosen_follow_ups(scoring), scoring.calibrate)
    named = follow_ups_name(scoring)
    pair = with_origin(
        record.pair,
        models=[f"scorer={model}"] if model else [],
        prompts=[named] if named else [],
    )
    cut = max(record.cut_messages, ranked.cut_messages)
    done = record._replace(pair=pair, cut_messages=cut)
    return _with_scores(done, "follow_up_likelihood", ranked.rewards)


def similarity_request(record: UgcRecord, encoder: str = "") -> TextSimilarityRequest:
    """Ask how alike each response is to the text. Parameters: `encoder` as `name@revision`."""
    return TextSimilarityRequest(encoder, record.reference, record.responses)


def with_similarity(record: UgcRecord, cosines: Sequence[float], encoder: str = "") -> UgcRecord:
    """Put the cosines into a record.

    Input: the record, the answer to its `similarity_request`. Raises: ModelError when one is no
    number.
    """
    named = [f"encoder={encoder}"] if encoder else []
    done = record._replace(pair=with_origin(record.pair, models=named))
    return _with_scores(done, "similarity", cosines)


def _with_scores(record: UgcRecord, name: str, values: Sequence[float]) -> UgcRecord:
    if len(values) != len(record.responses) or any(map(isnan, values)):
        raise ModelError(f"the scores by {name} are {values}: the model is broken")
    return record._replace(scores=(*record.scores, CandidateScores(name, tuple(values))))


def _in_words(
    record: UgcRecord, response: str, settings: UgcSettings
) -> list[LikelihoodRequest | GenerationRequest]:
    sampling = settings.sampling._replace(
        max_new_tokens=settings.feedback_tokens,
        temperature=settings.feedback_temperature,
        max_prompt_tokens=MAX_TOKENS,
    )
    parts = graded_parts(record.question, record.reference, response)
    shared = ((settings.repeats + 1) // 2, settings.repeats // 2)
    return [
        sampling.request(
            UGC_FEEDBACK.messages(parts, scale=scale(best_first)),
            f"{record.pair.id} grade {best_first} {response}",
            n,
        )
        for best_first, n in zip((True, False), shared, strict=True)
        if n
    ]


def _level_in_words(answers: Sequence[Any], notes: list[str]) -> float | None:
    """The mean level of one response's answers; None where more than half are no grades."""
    read = [UGC_FEEDBACK.parse(completion) for answer in answers for completion in answer]
    notes += [feedback.reason for feedback in read if isinstance(feedback, Unparsed)]
    levels = [feedback.level for feedback in read if not isinstance(feedback, Unparsed)]
    return fsum(levels) / len(levels) if levels and 2 * len(levels) >= len(read) else None
