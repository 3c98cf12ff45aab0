"""What a recipe may say about choosing: which pairs are kept, which are mixed, what is soft.

Everything here is decided over columns that are stored with the dataset, so `curate reselect`
decides again without a model.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.recipe_section import Section

Side = Literal["both", "chosen", "rejected", "none"]
"""Which sides of a pair a gate looks at."""
Stratum = Literal["source", "method", "language", "cluster", "policy"]
"""By what pairs are divided; `policy` is `on` for replies of the policy itself, else `off`."""


class Range(Section):
    """Bounds of a score, all inclusive; some may be left out."""

    min: float | None = None
    """Smallest value that is kept."""
    max: float | None = None
    """Largest value that is kept."""
    lowest: float | None = Field(default=None, gt=0, le=1)
    """Share of the pairs that is kept, those with the lowest values."""
    highest: float | None = Field(default=None, gt=0, le=1)
    """Share of the pairs that is kept, those with the highest values."""
    per: Stratum | None = None
    """The shares hold in each of these; default: over all pairs."""
    missing: Literal["keep", "drop"] | None = None
    """What becomes of pairs without the score; default: as `keep_unscored` says."""

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        if self.min is None and self.max is None and self.lowest is None and self.highest is None:
            raise ValueError("name min, max, lowest or highest")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: nothing would be kept")
        if self.lowest is not None and self.highest is not None:
            raise ValueError("lowest and highest: name one of them")
        if self.per and self.lowest is None and self.highest is None:
            raise ValueError("per goes with lowest or highest")
        return self


class Truncation(Section):
    """What a trainer cuts off: pairs whose sides are then the same, or one of them empty, go."""

    max_prompt_tokens: int | None = Field(default=None, ge=1)
    """Longest prompt of the trainer in tokens; longer ones lose their beginning. Null: no limit."""
    max_tokens: int | None = Field(default=1024, ge=1)
    """Longest prompt and reply of the trainer in tokens. Null: no limit."""
    mode: Literal["keep_start", "keep_end"] = "keep_start"
    """Which end of prompt and reply the trainer keeps."""


class Gates(Section):
    """What a pair must not be; each gate is on by default."""

    identical: bool = True
    """Drop pairs whose sides are the same but for case, width, blanks and punctuation at the
    ends, or whose rejected side is empty."""
    truncation: Truncation | None = Truncation()
    """Drop pairs that a trainer's limits make equal or empty."""
    refusal: Side = "both"
    """Drop pairs with a refusal of a harmless request on these sides."""
    compliance: Side = "none"
    """Drop pairs with a harmful request that is complied with on these sides; flagged anyway."""
    prompt: bool = True
    """Drop pairs whose prompt is empty or does not end with a user turn."""
    contradictions: Literal["drop", "keep", "soft"] = "drop"
    """Pairs with the same prompt and sides and the other label: dropped, kept, or kept with a
    target of one half."""
    range: bool = True
    """Drop pairs with a score that is no number or is out of its range."""
    language: bool = True
    """Drop pairs with a side in another language than the prompt."""


class Bands(Section):
    """Bands by the ensemble's mean margin (Secrets of RLHF II): flip, smooth, keep."""

    flip: float | None = None
    """Below this mean, the sides are exchanged; null: never."""
    smooth: float = 0.0
    """Up to this mean, the target is smoothed."""
    smoothing: float = Field(default=0.1, gt=0, lt=0.5)
    """Taken from the target of smoothed pairs."""


class SoftTargets(Section):
    """Soft targets sigma(gamma * margin) (MMPO, arXiv 2410.03145)."""

    gamma: float = Field(default=1.0, gt=0)
    """How steep; depends on the scale of the score."""
    of: Literal["margin", "rubric_margin", "ensemble_mean", "implicit_margin"] = "margin"
    """The margin that targets are made of."""


class UpoSampling(Section):
    """Easy and hard pairs, drawn by BALD (UPO, arXiv 2409.11212), without replacement."""

    easy: float = Field(default=0.5, ge=0, le=1)
    """Share of the pairs that is drawn with weights max(0, 1 - BALD)."""
    hard: float = Field(default=0.2, ge=0, le=1)
    """Share of the pairs that is drawn, of what is left, with weights BALD."""

    @model_validator(mode="after")
    def _parts(self) -> "UpoSampling":
        if not 0 < self.easy + self.hard <= 1:
            raise ValueError(f"easy and hard together are {self.easy + self.hard:g}: 0 to 1")
        return self


class Mix(Section):
    """How many pairs of each kind are kept; the same ones in every run."""

    by: Stratum
    """What the pairs are divided by."""
    weights: dict[str, float] | None = None
    """Shares by name, `*` for each other one, which is 0 without it; as many pairs are kept as the
    scarcest allows. Pairs without a language or cluster are `unknown`."""
    quotas: dict[str, int] | None = None
    """Most pairs by name, `*` for each other one, which has no limit without it."""
    total: int | None = Field(default=None, ge=1)
    """Most pairs altogether, with weights."""

    @model_validator(mode="after")
    def _one_way(self) -> "Mix":
        if (self.weights is None) == (self.quotas is None):
            raise ValueError("name weights or quotas")
        if self.weights and (min(self.weights.values()) < 0 or not any(self.weights.values())):
            raise ValueError("weights: expected numbers of 0 or more, not all 0")
        if self.quotas and min(self.quotas.values()) < 0:
            raise ValueError("quotas: expected numbers of 0 or more")
        if self.total and self.quotas:
            raise ValueError("total goes with weights")
        return self


class Select(Section):
    """Which scored pairs are kept; every other pair becomes a drop with its reason."""

    margin: Range | None = None
    """Bounds of the margin, nats per token."""
    ln_ches: Range | None = None
    """Bounds of the length-normalised CHES; `{lowest: 0.5}` keeps the half that is least likely to
    displace likelihood."""
    ches: Range | None = None
    """Bounds of CHES."""
    chosen_score: Range | None = None
    """Bounds of the chosen side's score."""
    rubric_margin: Range | None = None
    """Bounds of the margin by rubric, in levels."""
    uncertainty: Range | None = None
    """Bounds of the uncertainty, in the unit of the column that `score.uncertainty.of` names."""
    ensemble_mean: Range | None = None
    """Bounds of the ensemble's mean margin."""
    ensemble_std: Range | None = None
    """Bounds of the ensemble's spread."""
    ensemble_agreement: Range | None = None
    """Bounds of the share of scorers that prefer the chosen reply."""
    bald: Range | None = None
    """Bounds of BALD, nats."""
    judge_consistency: Range | None = None
    """Bounds of a judge's agreement with itself."""
    predictive_entropy: Range | None = None
    """Bounds of the prompt's entropy, nats per token."""
    implicit_margin: Range | None = None
    """Bounds of the margin by implicit reward."""
    certainty: Literal["small", "large"] | None = None
    """Which half of the implicit margins is kept, by absolute value: small ones teach most (Not All
    Preference Pairs), large ones are surest (Active Preference Learning)."""
    label_posterior: Range | None = None
    """Bounds of the probability that the label is right."""
    jury_share: Range | None = None
    """Bounds of the jury's share for the chosen reply."""
    methods: Annotated[tuple[str, ...] | None, Field(strict=False, min_length=1)] = None
    """Methods of the pairs that are kept; default: all. Of a recipe that derives pairs from others,
    it keeps the derived ones alone."""
    min_chosen_chars: int = Field(default=1, ge=0)
    """Shortest chosen reply in characters."""
    max_chars_ratio: float | None = Field(default=None, ge=1)
    """Most characters of the longer reply per one of the shorter."""
    keep_unscored: bool = False
    """Keep pairs without a score that is bounded."""
    z_score: Literal["source", "method"] | None = None
    """Divide `margin` by its standard deviation in each of these before it is bounded or made a
    target, where scales differ."""
    gates: Gates = Gates()
    """What a pair must not be."""
    bands: Bands | None = None
    """What becomes of pairs by the ensemble's mean; off unless present."""
    soft_targets: SoftTargets | None = None
    """Fill `target`; off unless present."""
    sampling: UpoSampling | None = None
    """Draw pairs by BALD; off unless present."""
    mix: Mix | None = None
    """Shares or numbers of pairs by source, method, language, cluster; off unless present."""
    max_pairs: int | None = Field(default=None, ge=1)
    """Most pairs that are kept, drawn by a hash of their ids."""


class Candidates(Section):
    """How pairs are made of several scored responses to one prompt."""

    strategy: Literal[
        "best_worst",
        "sweet_spot",
        "air",
        "divpo",
        "aepo",
        "ampo",
        "west_of_n",
        "random",
        "all",
    ] = "best_worst"
    """Which responses make a pair; see curation/selection/strategies."""
    score: str | None = None
    """Name of the score that ranks; default: the first one that all responses have."""
    z_score: bool = False
    """Standardise the scores of each prompt first."""
    length_penalty: float = Field(default=0.0, ge=0)
    """Taken from the score for each 1,000 characters of a response (length-controlled margin)."""
    tie: float = Field(default=0.0, ge=0)
    """Scores that differ by no more than this are ties, and make no pair."""
    k: float = Field(default=2.0, gt=0)
    """Of sweet_spot: standard deviations below the mean of the rejected response."""
    subset: int | None = Field(default=None, ge=2, le=32)
    """Of aepo and west_of_n: responses that are looked at; of ampo: rejected responses. Default: 2
    of aepo and ampo, all of west_of_n."""
    diversity_weight: float = Field(default=1.0, ge=0)
    """Of aepo: weight of diversity against representativeness."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    """Of divpo: share of the responses that count as good, and as bad."""
    diversity: Literal["log_probability", "word_frequency", "embedding"] = "word_frequency"
    """Of divpo: what is rare."""
    rejected: Literal["bottom", "coreset", "opt_select"] = "bottom"
    """Of ampo: which responses are rejected."""
    similarity: Literal["words", "embedding"] = "words"
    """Of aepo and ampo: what makes responses alike, their words or their meaning."""
    min_score: float | None = None
    """Of air: smallest score of a chosen response."""
    margin: Range | None = None
    """Of air: bounds of a moderate margin."""
    max_variance: float | None = Field(default=None, gt=0)
    """Of air: prompts whose scores vary more are left out."""
    max_pairs: int | None = Field(default=None, ge=1)
    """Most pairs of one prompt, those with the largest margins first. Default: 1, of ampo `subset`,
    of all every pair."""
