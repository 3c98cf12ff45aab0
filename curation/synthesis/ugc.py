"""PUGC: pairs from what people wrote for each other, which says what they value.

A document is a good answer to a question that nobody has asked yet. A model writes the question,
the policy answers it several times, and each response is graded with the document as reference:

    question            one that the text answers, in other words than its own
    relevance           the text really holds what the question asks for
    responses           of the policy, to the question alone
    signals             how near each response is to the text, by one measure or more
    pair                the best response over the worst, by the first of the measures

The text itself is never stored in the pair, and no piece of it in the prompt.

Reference: Tan et al., Aligning Large Language Models with Implicit Preferences from User-Generated
Content (arXiv 2506.04463), sections 3 and 4.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from curation.models.protocols import Completion, GenerationRequest
from curation.prompts.choice import FORMS
from curation.prompts.ugc_grade import RUBRIC
from curation.scoring.pairs import PairScoring, chosen_follow_ups
from curation.selection.candidate_pairs import one_pair
from curation.selection.pairing import Nothing, PairingSettings
from curation.synthesis.origins import document_pair, finished_pair, with_origin
from curation.synthesis.reply import ReplySampling
from curation.synthesis.samples import finished_replies
from curation.synthesis.ugc_wording import leaks
from schemas.errors import UsageError
from schemas.records import CandidateScores, Document, Drop, Message, PreferencePair

METHOD = "ugc"
"""What the pairs' `method` says."""
SIGNALS = ("judge", "follow_up_likelihood", "similarity")
"""Measures that responses can be ranked by: a rubric judge that holds the text, what a user would
say next (FLR), and the cosine of sentence vectors of response and text."""
LEAKS = "leaks_the_text"
"""Why a question is none that shares a piece of the text."""

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]{0,3}(?=\s)|[。！？][”’」』）]{0,3}|\n")


class UgcSettings(NamedTuple):
    """How pairs are made of documents.

    Parameters: `leave_out`, kinds of documents (`metadata["kind"]`) that answer nothing;
    `questions` asked for, of which the first good one is taken; `question_tokens` and
    `question_temperature` of these; `max_shared_words` in a row that a question and the text may
    have in common; `relevance`, the probability above which a text answers its question; `samples`
    of the policy, and the `least` that have to be finished and different (None: all, so that the
    best and the worst of every pair are of as many); `sampling` of these, with the run's seed;
    `signals`, of `SIGNALS`, the first of which ranks; `judge_form`, `likelihood` or `words`, as the
    judge's backend can; `repeats` of each grade (of likelihoods, 1 or 2: more would be the same
    again); `feedback_tokens` and `feedback_temperature` of grades in words; `scoring`, the follow-
    ups of `follow_up_likelihood`; `encoder` of `similarity`, as in `open_encoder`; `min_gap`, the
    least difference of the best score and the worst; `pairing`, which responses make the pair;
    `max_reference_chars` of a text that models
    see.
    """

    leave_out: tuple[str, ...] = ("question",)
    questions: int = 4
    question_tokens: int = 96
    question_temperature: float = 0.5
    max_shared_words: int = 5
    relevance: float = 0.5
    samples: int = 5
    least: int | None = None
    sampling: ReplySampling = ReplySampling(max_new_tokens=512, temperature=0.8, top_p=0.95)
    signals: tuple[str, ...] = ("judge",)
    judge_form: str = "likelihood"
    repeats: int = 2
    feedback_tokens: int = 256
    feedback_temperature: float = 0.7
    scoring: PairScoring = PairScoring()
    encoder: str = "embedded"
    min_gap: float = 1e-6
    pairing: PairingSettings = PairingSettings()
    max_reference_chars: int = 6_000


class UgcRecord(NamedTuple):
    """A document on its way to a pair; what is not known yet is empty."""

    pair: PreferencePair
    """The pair without prompt and sides; its provenance grows."""
    text: str
    """The whole document."""
    reference: str
    """Its beginning, as far as models see it."""
    title: str
    question: str = ""
    responses: tuple[str, ...] = ()
    """Different finished responses of the policy."""
    scores: tuple[CandidateScores, ...] = ()
    """Of the responses, in their order."""
    cut_messages: int = 0


def checked(settings: UgcSettings) -> UgcSettings:
    """The settings themselves.

    Raises: UsageError for settings that no pair can come of.

    >>> checked(UgcSettings(signals=("luck",)))
    Traceback (most recent call last):
        ...
    schemas.errors.UsageError: signals of ugc are ('luck',): expected some of judge, ...
    """
    signals = settings.signals
    if not signals or not set(signals) <= set(SIGNALS) or len(set(signals)) < len(signals):
        expected = ", ".join(SIGNALS)
        raise UsageError(f"signals of ugc are {signals}: expected some of {expected}, each once")
    if settings.judge_form not in FORMS:
        raise UsageError(f"a judge asked by {settings.judge_form!r}: expected {' or '.join(FORMS)}")
    least = {"questions": 1, "samples": 2, "repeats": 1, "max_reference_chars": 1}
    for name, fewest in least.items():
        if (value := getattr(settings, name)) < fewest:
            raise UsageError(f"{name} of ugc is {value}: at least {fewest} is needed")
    if settings.max_shared_words < 0:
        raise UsageError(f"max_shared_words of ugc is {settings.max_shared_words}: 0 or more")
    if settings.least is not None and not 2 <= settings.least <= settings.samples:
        raise UsageError(f"least of ugc is {settings.least}: expected 2 to samples")
    if "follow_up_likelihood" in signals and not chosen_follow_ups(settings.scoring).sentences:
        raise UsageError("responses are ranked by follow-ups: name at least one dimension")
    return settings


def from_document(document: Document, settings: UgcSettings = UgcSettings()) -> UgcRecord | Drop:
    """A document as the record that a pair is made of.

    Output: the record, or the `Drop` `not_content` of a document without words, or of a kind that
    asks and does not tell. Raises: as `document_pair`.

    >>> asked = Document("d", "Why?", None, None, None, None, "demo", None, {"kind": "question"})
    >>> from_document(asked).filter
    'not_content'
    """
    pair = document_pair(document, METHOD)
    text = document.text.strip()
    if not text or document.metadata.get("kind") in settings.leave_out:
        return Drop(pair.id, "not_content", None, None)
    reference = clipped(text, settings.max_reference_chars)
    return UgcRecord(pair, text, reference, (document.title or "").strip())


def clipped(text: str, most: int) -> str:
    """The beginning of a text, which ends with a sentence where there is one to end with.

    Parameters: `most` characters. A text without the end of a sentence in the second half of them
    is cut at a blank, and one without blanks where it must be.

    >>> clipped("One is short. Two is longer. Three does not fit.", 30)
    'One is short. Two is longer.'
    """
    if len(text) <= most:
        return text
    # One character more shows whether a mark at the very end is the end of a sentence.
    ends = [end.end() for end in _SENTENCE_END.finditer(text[: most + 1]) if end.end() <= most]
    end = ends[-1] if ends and ends[-1] >= most // 2 else 0
    if not end:
        end = text.rfind(" ", most // 2, most + 1)
    return text[: end if end > 0 else most].strip()


def fewest(settings: UgcSettings) -> int:
    """How many responses of a document have to be left.

    >>> fewest(UgcSettings(samples=5)), fewest(UgcSettings(samples=5, least=2))
    (5, 2)
    """
    return settings.samples if settings.least is None else settings.least


def responses_request(
    record: UgcRecord, settings: UgcSettings = UgcSettings()
) -> GenerationRequest:
    """Ask the policy the question, alone, several times; the seed comes from the pair's id."""
    return settings.sampling.request(list(_prompt(record)), record.pair.id, settings.samples)


def with_responses(
    record: UgcRecord,
    completions: Sequence[Completion],
    settings: UgcSettings = UgcSettings(),
    model: str = "",
) -> tuple[UgcRecord | Drop, tuple[str, ...]]:
    """Put the policy's responses into a record.

    Input: the record, the completions of its `responses_request`. Parameters: `model`, the policy
    as `name@revision`. Output: the record with the finished different ones, or the `Drop`
    `too_few_samples` when fewer are left than the settings ask for; and a note for every other one.
    """
    found, notes = finished_replies(completions, record.pair.id, settings.sampling)
    least = fewest(settings)
    if len(found) < least:
        few = Drop(record.pair.id, "too_few_samples", float(len(found)), float(least))
        return few, tuple(notes)
    seed = responses_request(record, settings).seed
    done = record._replace(
        pair=with_origin(record.pair, models=[f"policy={model}"] if model else [], seed=seed),
        responses=tuple(found),
        cut_messages=max(completion.cut_messages for completion in completions),
    )
    return done, tuple(notes)


def gap_left(record: UgcRecord, settings: UgcSettings = UgcSettings()) -> UgcRecord | Drop:
    """Keep a record whose best and worst response are apart by the first of its measures.

    Output: the record, or the `Drop` `tied_scores` with the difference.
    """
    values = record.scores[0].values
    gap = max(values) - min(values)
    if gap < settings.min_gap or gap == 0:
        return Drop(record.pair.id, "tied_scores", gap, settings.min_gap)
    return record


def best_over_worst(
    record: UgcRecord, settings: UgcSettings = UgcSettings()
) -> PreferencePair | Drop:
    """The pair of the best response and the worst by the first measure; the first of equals.

    Where the settings' `pairing` says so, it is of other responses.

    Output: the pair with all scores in its provenance, or the `Drop` `leaks_the_text`: whatever
    came before, no prompt with a piece of the text gets any further; or the `Drop` of a pairing
    that finds none.
    """
    pair, question = record.pair, record.question
    if leaks(question, record.text, settings.max_shared_words):
        return Drop(pair.id, LEAKS, None, None)
    seed, values = settings.sampling.seed, record.scores[0].values
    picked = one_pair(record.responses, record.scores, settings.pairing, seed, pair.id)
    if isinstance(picked, Nothing):
        return Drop(pair.id, *picked)
    sides = (record.responses[picked.chosen], record.responses[picked.rejected])
    done = finished_pair(pair, _prompt(record), *sides)
    return done._replace(
        margin=picked.margin,
        chosen_score=values[picked.chosen],
        rejected_score=values[picked.rejected],
        rubric=RUBRIC if settings.signals[0] == "judge" else None,
        cut_messages=record.cut_messages,
        provenance=done.provenance._replace(scores=record.scores),
    )


def _prompt(record: UgcRecord) -> tuple[Message, ...]:
    return (Message("user", record.question),)
