"""How sure a preference is, as far as models can tell: one column for each way of asking."""

from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam

from curation.models.protocols import GenerationRequest, LikelihoodRequest, LikelihoodResult
from curation.models.tasks import LIKELIHOOD, several
from curation.scoring.bald import dropout_requests
from curation.scoring.entropy import entropy_request
from curation.scoring.implicit_reward import sides_request
from curation.scoring.uncertainty import (
    JudgeRepeats,
    consistency_requests,
    with_bald,
    with_consistency,
    with_entropy,
    with_implicit_margin,
    with_margins,
)
from schemas.records import PreferencePair
from transforms.inference import AskModel, Generate, ScoreLikelihood
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role, Stepped
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized


class UncertaintySettings(NamedTuple):
    """What is asked; None or empty: not that.

    Parameters: `repeats` of the judge; `passes` of BALD and the `rate` of units that each leaves
    out; `samples` of predictive entropy, of `entropy_tokens` each; `beta` of the implicit margin;
    `ensemble`, measures of `curation.scoring.uncertainty.ENSEMBLE`; `seed` of the run; `max_tokens`
    of prompt and replies, `judge_tokens` of what BALD's judge is shown.
    """

    repeats: JudgeRepeats | None = None
    passes: int | None = None
    rate: float = 0.1
    samples: int | None = None
    entropy_tokens: int = 64
    beta: float | None = None
    ensemble: tuple[str, ...] = ()
    seed: int = 0
    max_tokens: int = 2048
    judge_tokens: int = 4096


class _Rewarded(NamedTuple):
    """A pair on its way from the policy to the reference model."""

    pair: PreferencePair
    policy: LikelihoodResult | None


class MeasureUncertainty(Stage):
    """Ask models how sure each preference is.

    Input: PCollection[PreferencePair]. Output: `Synthesized`: every pair, with the columns
    `judge_consistency` (and the judge's verdict in `labels`), `bald` and `dropout_probability`,
    `predictive_entropy`, `implicit_margin`, `margins`, as the settings ask. A pair that a model
    could not be asked about stays without that column, and is counted (`note:failed`,
    `note:prompt_too_long`).

    Parameters: `settings`; `policy`, `judge`, `scorer` (the reference of the implicit margin);
    `memo`, where answers are kept (None: nowhere). BALD needs a judge of the backends `embedded` or
    `transformers`.

    References: UPO (arXiv 2409.11212), Active Preference Learning (arXiv 2402.08114).

    >>> from curation.feedback.exchanges import bare_pair
    >>> from schemas.records import Conversation, Message
    >>> talk = [Message("user", "Name a colour."), Message("assistant", "Red.")]
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> other = [Message("assistant", "Colours are a long story.")]
    >>> pair = bare_pair(chat, "existing", "p", tuple(talk[:1]), tuple(talk[1:]), tuple(other))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     measure = MeasureUncertainty(UncertaintySettings(passes=2))
    ...     sure = (pipeline | beam.Create([pair]) | measure).pairs
    ...     _ = sure | beam.Map(lambda pair: print(0 <= pair.bald <= 0.6932))
    True
    """

    def __init__(
        self,
        settings: UncertaintySettings = UncertaintySettings(),
        policy: Role = Role(),
        judge: Role = Role(),
        scorer: Role = Role(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._steps = _steps(settings, policy, judge, scorer, memo)
        self._ensemble = settings.ensemble

    def expand(self, pairs: beam.PCollection) -> Synthesized:
        """Ask one thing after the other; no pair is lost on the way."""
        records, done = pairs, list[Stepped]()
        for label, step in self._steps:
            done.append(records | label >> step)
            records = done[-1].records
        ensemble = beam.Map(with_margins, self._ensemble).with_output_types(PreferencePair)
        return synthesized(records | "Ensemble" >> ensemble, done)


def _steps(
    settings: UncertaintySettings, policy: Role, judge: Role, scorer: Role, memo: Memo | None
) -> list[tuple[str, ModelStep]]:
    steps: list[tuple[str, ModelStep]] = []
    if settings.repeats:
        asked = ModelStep(
            "judge_consistency",
            AskModel(judge.settings, choice_task(settings.repeats.form)),
            partial(consistency_requests, settings=settings.repeats),
            partial(_consistent, model=judge.name),
            memo=memo,
            otherwise=_same,
        )
        steps.append(("Judge's consistency", asked))
    if settings.passes:
        thinned = ModelStep(
            "bald",
            AskModel(judge.settings, several(LIKELIHOOD)),
            partial(
                dropout_requests,
                passes=settings.passes,
                rate=settings.rate,
                seed=settings.seed,
                max_tokens=settings.judge_tokens,
            ),
            partial(_bald, model=judge.name),
            memo=memo,
            otherwise=_same,
        )
        steps.append(("BALD", thinned))
    if settings.samples:
        sampled = ModelStep(
            "predictive_entropy",
            Generate(policy.settings),
            partial(_entropy_request, settings=settings),
            partial(with_entropy, model=policy.name),
            memo=memo,
            otherwise=_same,
        )
        steps.append(("Predictive entropy", sampled))
    if settings.beta is not None:
        rewarded = ModelStep(
            "implicit_policy",
            ScoreLikelihood(policy.settings),
            partial(_sides_request, most=settings.max_tokens),
            _Rewarded,
            memo=memo,
            otherwise=_unrewarded,
        )
        referred = ModelStep(
            "implicit_reference",
            ScoreLikelihood(scorer.settings),
            partial(_reference_request, most=settings.max_tokens),
            partial(
                _implicit,
                beta=settings.beta,
                models=(f"policy={policy.name}", f"scorer={scorer.name}"),
            ),
            pair_of=_pair_of,
            memo=memo,
            otherwise=_pair_of,
        )
        steps += [("Policy's likelihoods", rewarded), ("Reference's likelihoods", referred)]
    return steps


def _consistent(pair: PreferencePair, answers: Any, model: str) -> Noted:
    return Noted(*with_consistency(pair, answers, model))


def _bald(pair: PreferencePair, answers: Any, model: str) -> Noted:
    return Noted(*with_bald(pair, answers, model))


def _entropy_request(pair: PreferencePair, settings: UncertaintySettings) -> GenerationRequest:
    return entropy_request(
        pair.prompt, settings.seed, settings.samples or 1, settings.entropy_tokens
    )


def _sides_request(pair: PreferencePair, most: int) -> LikelihoodRequest:
    return sides_request(pair.prompt, pair.chosen, pair.rejected, most)


def _reference_request(record: _Rewarded, most: int) -> LikelihoodRequest:
    return _sides_request(record.pair, most)


def _implicit(
    record: _Rewarded, reference: LikelihoodResult, beta: float, models: tuple[str, ...]
) -> PreferencePair:
    if record.policy is None:
        return record.pair
    return with_implicit_margin(record.pair, record.policy, reference, beta, models)


def _unrewarded(pair: PreferencePair) -> _Rewarded:
    return _Rewarded(pair, None)


def _pair_of(record: _Rewarded) -> PreferencePair:
    return record.pair


def _same(pair: PreferencePair) -> PreferencePair:
    return pair
