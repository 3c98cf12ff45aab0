"""What models are asked to find out how sure a preference is, and what is made of the answers.

    judge_consistency     a judge, in both orders, several times: how often it says the same
    bald                  a judge with parts left out: how much its verdict hangs on them
    predictive_entropy    the policy: how many different things it would say to the prompt
    implicit_margin       policy and reference: which side training has made likelier
    margins               all of these that were asked for, side by side, as an ensemble

References: Secrets of RLHF II (arXiv 2401.06080), section 2; UPO (arXiv 2409.11212), section 3;
Active Preference Learning (arXiv 2402.08114), section 3.
"""

from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import Any, NamedTuple

from curation.models.protocols import Completion, LikelihoodResult
from curation.prompts.judge import REASONED_JUDGE
from curation.prompts.prompt import Unparsed
from curation.scoring.bald import dropout_judgement
from curation.scoring.entropy import predictive_entropy
from curation.scoring.implicit_reward import implicit_margin
from curation.scoring.judge import label_probability, logit_requests
from curation.scoring.judge_prompt import compared
from curation.scoring.judge_verbalised import verdict_requests
from curation.scoring.judgement import FIRST, SECOND, TIE
from schemas.ids import seed_from
from schemas.records import NamedScore, PreferencePair

ENSEMBLE = ("follow_up_likelihood", "rubric", "judge", "implicit_reward")
"""Measures whose margins an ensemble may be of."""
JUDGE = "judge"
"""Name of the judge's verdict in `labels`."""

_SHOWN_FIRST = {FIRST: 1.0, SECOND: 0.0, TIE: 0.5}


class JudgeRepeats(NamedTuple):
    """How a judge is asked several times.

    Parameters: `form`, `likelihood` of the labels (the same each time, so asked once) or `words`;
    `repeats` of both orders; `seed` of the run; `temperature` of words, where they are repeated;
    `max_tokens` of conversation and replies, `max_new_tokens` of an answer in words.
    """

    form: str = "likelihood"
    repeats: int = 2
    seed: int = 0
    temperature: float = 0.7
    max_tokens: int = 4096
    max_new_tokens: int = 512


def consistency_requests(
    pair: PreferencePair, settings: JudgeRepeats = JudgeRepeats()
) -> list[Any]:
    """Ask a judge which side is better: in both orders, each several times.

    Output: likelihood or generation requests; of each repeat, the chosen side as A, then as B.
    """
    question = compared(pair)
    if settings.form == "likelihood":
        return list(logit_requests(question, max_tokens=settings.max_tokens))
    return [
        request
        for number in range(settings.repeats)
        for request in verdict_requests(
            question,
            seed=seed_from(settings.seed, f"judge, time {number}"),
            temperature=settings.temperature if settings.repeats > 1 else 0.0,
            max_new_tokens=settings.max_new_tokens,
            max_prompt_tokens=settings.max_tokens,
        )
    ]


def with_consistency(
    pair: PreferencePair, answers: Sequence[Any], model: str = ""
) -> tuple[PreferencePair, tuple[str, ...]]:
    """The pair with `judge_consistency`, and the judge's mean verdict among its `labels`.

    Input: the answers to the pair's `consistency_requests`. Parameters: `model`, the judge as
    `name@revision`. Output: the pair, and a note `prompt:kind` for each answer that is not in
    form; with fewer than two that are, there is no consistency.

    Raises: ModelError for likelihoods that are none.
    """
    said, notes = [], []
    for number, answer in enumerate(answers):
        first = _first_is_better(answer)
        if isinstance(first, Unparsed):
            notes.append(first.reason)
        else:
            said.append(1 - first if number % 2 else first)
    if not said:
        return pair, tuple(notes)
    label = NamedScore(JUDGE, fsum(said) / len(said))
    labels = (*(known for known in pair.labels if known.name != JUDGE), label)
    consistency = share_of_commonest(said) if len(said) > 1 else None
    pair = pair._replace(labels=labels, judge_consistency=consistency)
    return _by(pair, f"judge={model}" if model else ""), tuple(notes)


def share_of_commonest(probabilities: Sequence[float]) -> float:
    """Share of verdicts that are the commonest one: the first side, the second, a tie.

    Input: for each verdict the probability that the first side is better; at least one.

    >>> share_of_commonest([0.9, 0.7, 0.2, 0.8])
    0.75
    """
    verdicts = Counter((p > 0.5) - (p < 0.5) for p in probabilities)
    return max(verdicts.values()) / len(probabilities)


def with_bald(
    pair: PreferencePair, answers: Sequence[LikelihoodResult], model: str = ""
) -> tuple[PreferencePair, tuple[str, ...]]:
    """The pair with `bald` and `dropout_probability`.

    Input: the answers to the pair's `curation.scoring.bald.dropout_requests`. Output: the pair, and
    the note `dropout_noise` where most thinned networks prefer the rejected side (UPO drops it).

    Raises: ModelError when the answers are not two for each pass.
    """
    judged = dropout_judgement(answers)
    pair = pair._replace(bald=judged.uncertainty, dropout_probability=judged.probability)
    return _by(pair, f"judge={model}" if model else ""), ("dropout_noise",) * judged.noise


def with_entropy(
    pair: PreferencePair, completions: Sequence[Completion], model: str = ""
) -> PreferencePair:
    """The pair with `predictive_entropy`, in nats per token.

    Input: the answer to an `entropy_request` for the pair's prompt.

    Raises: ModelError when the backend gave no log-probabilities.
    """
    pair = pair._replace(predictive_entropy=predictive_entropy(completions).per_token)
    return _by(pair, f"policy={model}" if model else "")


def with_implicit_margin(
    pair: PreferencePair,
    policy: LikelihoodResult,
    reference: LikelihoodResult,
    beta: float = 0.1,
    models: Sequence[str] = (),
) -> PreferencePair:
    """The pair with `implicit_margin`, summed over tokens.

    Input: what both models answered to the pair's `sides_request`. Parameters: `beta`; `models` as
    `role=name@revision`.

    Raises: ModelError when the two have not seen the same tokens.
    """
    margin = implicit_margin(policy, reference, beta).total
    return _by(pair._replace(implicit_margin=margin), *models)


def with_margins(pair: PreferencePair, measures: Sequence[str]) -> PreferencePair:
    """The pair with the margins of an ensemble's members, of `ENSEMBLE`, that it has.

    Output: `margins` with those that the input gave, and one for each measure, named after it: of
    the judge 2p - 1.

    >>> from curation.synthesis.origins import document_pair
    >>> from schemas.records import Document
    >>> post = Document("d", "Hops.", None, None, None, None, "demo", None, {})
    >>> pair = document_pair(post, "ugc")._replace(margin=0.5, rubric_margin=-1.0)
    >>> [tuple(m) for m in with_margins(pair, ENSEMBLE).margins]
    [('follow_up_likelihood', 0.5), ('rubric', -1.0)]
    """
    label = next((label.value for label in pair.labels if label.name == JUDGE), None)
    found = {
        "follow_up_likelihood": pair.margin,
        "rubric": pair.rubric_margin,
        "judge": None if label is None else 2 * label - 1,
        "implicit_reward": pair.implicit_margin,
    }
    mine = [NamedScore(name, value) for name in measures if (value := found[name]) is not None]
    given = [margin for margin in pair.margins if margin.name not in measures]
    return pair._replace(margins=(*given, *mine))


def _first_is_better(answer: Any) -> float | Unparsed:
    if isinstance(answer, LikelihoodResult):
        return label_probability(answer)
    said = REASONED_JUDGE.parse(answer[0])
    return said if isinstance(said, Unparsed) else _SHOWN_FIRST[said]


def _by(pair: PreferencePair, *models: str) -> PreferencePair:
    origin = pair.provenance
    known = tuple(dict.fromkeys((*origin.models, *filter(None, models))))
    return pair._replace(provenance=origin._replace(models=known))
