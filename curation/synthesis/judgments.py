"""Judgment pairs: for one labelled pair, a right verdict with reasons over a wrong one.

A judge is sampled several times on a pair whose preference is known, half of the time with the
chosen reply as A. Of the samples for one order (one prompt) a right one is the chosen side and a
wrong one the rejected side of a new pair, which a generative judge can be trained on.

Reference: Ye et al., Learning LLM-as-a-Judge for Preference Alignment (Con-J, arXiv 2410.03742):
8 samples, at most 3 pairs. Its hints for pairs that the judge is unanimous on are left out, and so
are pairs of a right and an unreadable judgment.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from curation.feedback.wording import tokens
from curation.models.protocols import Completion, GenerationRequest
from curation.prompts.judgment import JUDGMENT, Judgment
from curation.prompts.prompt import Unparsed
from curation.synthesis.origins import derived_pair, with_origin
from curation.synthesis.reply import ReplySampling
from schemas.errors import UsageError
from schemas.ids import content_id
from schemas.records import Drop, PreferencePair

METHOD = "judgment"
"""`PreferencePair.method` of the new pairs."""
UNANIMOUS_RIGHT, UNANIMOUS_WRONG = "unanimous_right", "unanimous_wrong"
"""Reasons of drops: every readable verdict is right, is wrong."""
ORDER_DECIDES = "order_decides"
"""Reason of a drop: there are right and wrong verdicts, but none with different reasons on the
same order."""


class JudgmentSettings(NamedTuple):
    """How verdicts are sampled and put together.

    Parameters: `samples` of a pair over both orders, at least 4, even; `sampling`, whose
    `keep_truncated` changes nothing: a judgment that was cut off has no verdict; `max_pairs`, most
    new pairs of one pair.
    """

    samples: int = 8
    sampling: ReplySampling = ReplySampling(
        max_new_tokens=400, temperature=1.0, top_p=1.0, max_prompt_tokens=8192
    )
    max_pairs: int = 3


_DEFAULT = JudgmentSettings()


class Judged(NamedTuple):
    """A pair with what its judgments make."""

    pair: PreferencePair
    made: tuple[PreferencePair, ...]
    """At least one new pair."""


class _Contrast(NamedTuple):
    order: int
    right: Judgment
    wrong: Judgment


def judgment_requests(
    pair: PreferencePair, settings: JudgmentSettings = _DEFAULT
) -> list[GenerationRequest]:
    """Ask for verdicts with reasons, with the chosen reply as A, then with it as B.

    Output: two requests for half of the samples each. Raises: UsageError for a number of samples
    that cannot contrast two on each order.
    """
    if settings.samples < 4 or settings.samples % 2:
        raise UsageError(f"{settings.samples} judgments a pair: expected an even number from 4 on")
    chosen, rejected = pair.chosen[0].content, pair.rejected[0].content
    return [
        settings.sampling.request(
            JUDGMENT.about(pair.prompt, *shown),
            content_id("judgment", right, pair.id),
            settings.samples // 2,
        )
        for right, shown in (("A", (chosen, rejected)), ("B", (rejected, chosen)))
    ]


def read_judgments(
    pair: PreferencePair,
    answers: Sequence[Sequence[Completion]],
    settings: JudgmentSettings = _DEFAULT,
    model: str = "",
) -> tuple[Judged | Drop, tuple[str, ...]]:
    """Make pairs of the right and the wrong answers to a pair's `judgment_requests`.

    Input: the pair, and the samples of both orders. Parameters: `model`, the judge as
    `role=name@revision`. Output: the new pairs, or the `Drop` that says why there are none; and a
    note for each sample that is no judgment, which is neither right nor wrong. The margin of a new
    pair is the share of right verdicts among all readable ones of both orders.
    """
    right: list[list[Judgment]] = [[], []]
    wrong: list[list[Judgment]] = [[], []]
    unread = []
    for order, completions in enumerate(answers):
        for completion in completions:
            judgment = JUDGMENT.parse(completion)
            if isinstance(judgment, Unparsed):
                unread.append(judgment)
            else:
                (right if judgment.label == "AB"[order] else wrong)[order].append(judgment)
    notes = tuple(sorted(failure.reason for failure in unread))
    rights, wrongs = sum(map(len, right)), sum(map(len, wrong))
    if not rights + wrongs:
        commonest = Counter(sorted(unread)).most_common(1)[0][0]
        return commonest.drop(pair.id), notes
    share = rights / (rights + wrongs)
    if not wrongs or not rights:
        reason = UNANIMOUS_RIGHT if rights else UNANIMOUS_WRONG
        return Drop(pair.id, reason, share, None), notes
    contrasts = [
        _Contrast(order, *both)
        for order in (0, 1)
        for both in product(dict.fromkeys(right[order]), dict.fromkeys(wrong[order]))
        if tokens(both[0].reasons) != tokens(both[1].reasons)
    ]
    if not contrasts:
        return Drop(pair.id, ORDER_DECIDES, share, None), notes
    requests = judgment_requests(pair, settings)
    made = []
    for order, good, bad in _choose(contrasts, settings.max_pairs):
        request = requests[order]
        new = derived_pair(pair, METHOD, request.messages, good.text, bad.text)
        models = [model] if model else []
        new = with_origin(new, models=models, prompts=[JUDGMENT.identity], seed=request.seed)
        made.append(new._replace(margin=share))
    return Judged(pair, tuple(made)), notes


def _choose(contrasts: Sequence[_Contrast], most: int) -> list[_Contrast]:
    """The contrasts whose texts are used least, both orders in turn, with lengths alike."""
    left = sorted(contrasts, key=lambda c: (_unlike_lengths(c), content_id(*c)))
    used: Counter[tuple[int, Judgment] | int] = Counter()
    chosen: list[_Contrast] = []
    while left and len(chosen) < most:
        best = min(left, key=lambda c: (max(used[t] for t in _texts(c)), used[c.order]))
        left.remove(best)
        chosen.append(best)
        used.update([*_texts(best), best.order])
    return chosen


def _texts(contrast: _Contrast) -> list[tuple[int, Judgment]]:
    return [(contrast.order, contrast.right), (contrast.order, contrast.wrong)]


def _unlike_lengths(contrast: _Contrast) -> float:
    one, other = len(contrast.right.reasons), len(contrast.wrong.reasons)
    return abs(one - other) / max(one, other)
