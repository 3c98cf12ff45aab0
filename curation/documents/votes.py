"""Pairs of answers to one question that a community has voted on differently.

The answer with more votes is chosen, if nothing but its quality explains them as far as can be
seen: an answer that was there earlier has had longer to collect votes, and so it is chosen only
over answers that were there before it.

References: SHP (Ethayarajh et al., arXiv 2110.08420; the dataset's card: the preferred comment is
the later one); WorldPM (arXiv 2505.10527); PrefPalette (arXiv 2507.13541), preference pairs.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

from curation.documents.threads import Question, native_id, prompt_of
from curation.synthesis.origins import document_pair, finished_pair
from schemas.errors import UsageError
from schemas.records import Document, Drop, PreferencePair

METHOD = "votes"
"""`PreferencePair.method` of these pairs."""


class VoteSettings(NamedTuple):
    """Which votes make a pair.

    Parameters: `min_margin`, least difference in votes; `min_ratio`, see `enough_ratio`;
    `min_chosen_votes`; `min_answers` with votes that a question needs; `max_head_start` in
    seconds, how much earlier than the rejected answer the chosen one may have been posted (None:
    times are not looked at); `max_pairs_per_question`, those with the largest margin;
    `max_answers` of one question that are compared, the highest and the lowest by votes, a bound
    on the work; `max_depth` of answers below the root, see `curation.documents.threads.rebuild`.

    The ratio is 1.5 because a margin of two means little between 30 and 28 votes. On
    beer.stackexchange.com it costs 11 % of the pairs, and the answer that the asker accepted is the
    chosen one in 97.8 % of the pairs it is in, instead of 97.2 %.
    """

    min_margin: int = 2
    min_ratio: float = 1.5
    min_chosen_votes: int = 1
    min_answers: int = 2
    max_head_start: float | None = 0.0
    max_pairs_per_question: int = 5
    max_answers: int = 200
    max_depth: int = 1

    def check(self) -> None:
        """Raises: UsageError for settings that no pair could meet, or that mean nothing."""
        least = {
            "min_margin": 1, "min_answers": 2, "max_pairs_per_question": 1, "max_answers": 2,
            "max_depth": 1, "min_ratio": 1,
        }  # fmt: skip
        for name, low in least.items():
            if not getattr(self, name) >= low:
                raise UsageError(f"votes: {name}={getattr(self, name)!r}: at least {low}")
        if self.max_head_start is not None and not self.max_head_start >= 0:
            raise UsageError(f"votes: max_head_start={self.max_head_start!r}: at least 0 seconds")


class VotedPairs(NamedTuple):
    """What a question gave."""

    pairs: tuple[PreferencePair, ...]
    """The largest margin first."""
    drop: Drop | None
    """Why there is none, where there is none."""
    notes: Mapping[str, int]
    """How many answers and pairs of answers were refused, by reason."""


def voted_pairs(question: Question, settings: VoteSettings = VoteSettings()) -> VotedPairs:
    """Pair the answers to one question.

    Input: a question with its answers, which have votes. Output: the pairs, with the votes as
    scores and their difference as margin; or a `Drop`, whose id is that of `document_pair`:
    `empty_question`, `too_few_answers`, `no_pair`. Notes name an answer that is not used
    (`empty_answer`, `no_votes`, `surplus_answer`) or the first gate that two answers failed:
    `margin`, `min_votes`, `ratio`, `no_time`, `head_start`, `identical`; `surplus_pair` is more
    than the most of one question.

    >>> def post(native, text, votes, at, parent=None):
    ...     return Document(native, text, None, None, votes, parent, "demo", at, {})
    >>> answers = (post("b", "Five.", 1, 10.0, "a"), post("c", "Four.", 4, 20.0, "a"))
    >>> found = voted_pairs(Question((post("a", "2 + 2?", 9, 0.0),), answers))
    >>> [(p.chosen[0].content, p.rejected[0].content, p.margin) for p in found.pairs]
    [('Four.', 'Five.', 3.0)]
    """
    notes: Counter[str] = Counter()
    bare = document_pair(question.chain[-1], METHOD)
    prompt = prompt_of(question.chain)
    if not all(message.content for message in prompt):
        return VotedPairs((), Drop(bare.id, "empty_question", None, None), notes)
    answers = _comparable(question, settings, notes)
    if len(answers) < settings.min_answers:
        few, least = float(len(answers)), float(settings.min_answers)
        return VotedPairs((), Drop(bare.id, "too_few_answers", few, least), notes)
    passed: list[tuple[int, str, str, Document, Document]] = []
    for better, worse in combinations(answers, 2):
        reason = refused(better, worse, settings)
        if reason:
            notes[reason] += 1
        else:
            margin = _votes(worse) - _votes(better)
            passed.append((margin, native_id(better), native_id(worse), better, worse))
    passed.sort(key=lambda found: found[:3])
    surplus = len(passed) - settings.max_pairs_per_question
    if surplus > 0:
        notes["surplus_pair"] = surplus
    if not passed:
        return VotedPairs((), Drop(bare.id, "no_pair", None, None), notes)
    pairs = []
    for *_, better, worse in passed[: settings.max_pairs_per_question]:
        pair = finished_pair(bare, prompt, better.text.strip(), worse.text.strip())
        documents = (question.chain[-1].id, better.id, worse.id)
        pairs.append(
            pair._replace(
                margin=float(_votes(better) - _votes(worse)),
                chosen_score=float(_votes(better)),
                rejected_score=float(_votes(worse)),
                rationale=f"The community gave it {_votes(better)} votes, the other "
                f"{_votes(worse)}.",
                provenance=pair.provenance._replace(documents=documents),
            )
        )
    return VotedPairs(tuple(pairs), None, notes)


def refused(better: Document, worse: Document, settings: VoteSettings) -> str | None:
    """The first gate that two answers fail, the one with more votes first; None where they pass.

    An answer has a head start when it was posted more than `max_head_start` seconds before the
    other one. Where a time is not known, time may explain the votes: `no_time`.
    """
    high, low = _votes(better), _votes(worse)
    if high - low < settings.min_margin:
        return "margin"
    if high < settings.min_chosen_votes:
        return "min_votes"
    if not enough_ratio(high, low, settings.min_ratio):
        return "ratio"
    if better.text.strip() == worse.text.strip():
        return "identical"
    return _explained_by_time(better, worse, settings.max_head_start)


def _explained_by_time(better: Document, worse: Document, most: float | None) -> str | None:
    if most is None:
        return None
    if better.timestamp is None or worse.timestamp is None:
        return "no_time"
    return "head_start" if worse.timestamp - better.timestamp > most else None


def enough_ratio(high: int, low: int, ratio: float) -> bool:
    """Whether `high` votes are at least `ratio` times `low`, which counts as 1 below 1.

    A vote is the least that can be multiplied, so zero and negative votes are treated as one; a
    ratio of 1 asks for nothing.

    >>> enough_ratio(3, 2, 1.5), enough_ratio(1, -4, 1.5), enough_ratio(2, 0, 1.5)
    (True, False, True)
    """
    return ratio <= 1 or high >= ratio * max(low, 1)


def _comparable(question: Question, settings: VoteSettings, notes: Counter[str]) -> list[Document]:
    """Answers with text and votes, most votes first; of too many, both ends."""
    found = []
    for answer in question.answers:
        if answer.votes is None:
            notes["no_votes"] += 1
        elif not answer.text.strip():
            notes["empty_answer"] += 1
        else:
            found.append(answer)
    found.sort(key=lambda answer: (-_votes(answer), native_id(answer)))
    surplus = len(found) - settings.max_answers
    if surplus > 0:
        notes["surplus_answer"] += surplus
        top = settings.max_answers // 2
        # The middle gives the smallest margins.
        found = found[:top] + found[top + surplus :]
    return found


def _votes(document: Document) -> int:
    return document.votes or 0
