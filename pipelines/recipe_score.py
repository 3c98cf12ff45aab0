"""What a recipe may say about measuring: scores of pairs, their uncertainty, facts of the texts."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.recipe_section import LIST, Section

Dimension = Literal[
    "understanding", "relevance", "correctness", "engagingness", "informativeness", "following"
]
"""Kinds of follow-up sentences that the follow-up likelihood may use (FLR, section 3)."""


Probability = Literal[
    "margin", "rubric_margin", "ensemble_mean", "implicit_margin", "dropout_probability"
]
"""Columns that say how probable a model holds the chosen side."""


class FollowUpLikelihood(Section):
    """Margin by follow-up likelihood (FLR, arXiv 2409.13948)."""

    dimensions: Annotated[tuple[Dimension, ...], LIST] = (
        "understanding",
        "engagingness",
        "following",
    )
    """Kinds of follow-up sentences."""
    per_side: int = Field(default=4, ge=1)
    """Positive and negative sentences per dimension."""
    language: str = "en"
    """Language of the sentences: en, de, es, fr, ja, pt, ru, zh, or one of the inventory's."""
    inventory: str | None = None
    """YAML file with other sentences; a relative path starts at the recipe file."""
    calibrate: bool = False
    """Subtract what a follow-up scores without a reply."""


class RubricScore(Section):
    """Levels of both sides by rubrics, 1 to 5 for each criterion."""

    rubrics: Annotated[tuple[str, ...], LIST]
    """Names of bundled rubrics, or rubric files; relative ones start at the recipe file."""


class Bald(Section):
    """Ask the judge through several dropout masks (UPO, arXiv 2409.11212)."""

    passes: int = Field(default=10, ge=2)
    """Dropout masks, each asked in both orders."""
    rate: float = Field(default=0.1, gt=0, lt=1)
    """Share of the activations that a mask takes out."""


class JudgeConsistency(Section):
    """Ask the judge in both orders, several times."""

    repeats: int = Field(default=2, ge=1)
    """Times that each order is asked; a judge that is asked by likelihood says the same again."""


class Entropy(Section):
    """How open a prompt is: the policy's surprise at its own replies."""

    samples: int = Field(default=8, ge=1)
    """Replies that are drawn for each prompt."""
    max_new_tokens: int = Field(default=64, ge=1)
    """Longest reply."""


class ImplicitMargin(Section):
    """Implicit rewards: the policy's likelihoods against those of the scorer as its reference."""

    beta: float = Field(default=0.1, gt=0)
    """Of the policy's training."""


class Uncertainty(Section):
    """What is not known of a pair; each measure is on when present."""

    bald: Bald | None = None
    """Fill bald and dropout_probability."""
    judge_consistency: JudgeConsistency | None = None
    """Fill judge_consistency."""
    predictive_entropy: Entropy | None = None
    """Fill predictive_entropy."""
    implicit_margin: ImplicitMargin | None = None
    """Fill implicit_margin."""
    ensemble: Annotated[
        tuple[Literal["follow_up_likelihood", "rubric", "judge", "implicit_reward"], ...] | None,
        Field(strict=False, min_length=2),
    ] = None
    """Measures whose margins make up `margins`, beside those that the input has; each is
    standardised by nothing: choose some of one unit, or decide by ensemble_agreement."""
    annotators: Literal["source", "annotator"] | None = None
    """Whose reliability label_posterior is estimated for by EM (LCPO): of each source, or of each
    name in `labels`."""
    probability: (
        Literal[
            "margin", "rubric_margin", "ensemble_mean", "implicit_margin", "dropout_probability"
        ]
        | None
    ) = None
    """What label_posterior takes for the probability that the chosen reply is better:
    sigma(beta * margin) of a margin. The reliabilities are as good as it is calibrated, so it has
    to be named."""
    beta: float = Field(default=1.0, gt=0)
    """What the margin is multiplied by; 1 for implicit_margin, which has its beta already."""
    of: (
        Literal[
            "ensemble_std",
            "bald",
            "judge_consistency",
            "predictive_entropy",
            "implicit_margin",
            "label_posterior",
            "jury_share",
        ]
        | None
    ) = None
    """Column that `uncertainty` takes its value from: spread, BALD and entropy as they are; of a
    share or probability p, 1 - |2p - 1|; of an implicit margin d, 1 - 2|sigma(d) - 1/2|."""

    @model_validator(mode="after")
    def _calibrated(self) -> "Uncertainty":
        if self.annotators and not self.probability:
            raise ValueError("annotators goes with probability: name the column that is calibrated")
        return self


class Score(Section):
    """What is measured of each pair."""

    rubric: RubricScore | None = None
    """Fills rubric_levels and rubric_margin; on when present."""
    follow_up_likelihood: FollowUpLikelihood | None = FollowUpLikelihood()
    """Fills margin and both scores; null switches it off."""
    ches: bool = True
    """Fill ches, ln_ches, last_hidden_inner_product and edit_similarity (arXiv 2410.08847)."""
    max_tokens: int = Field(default=2048, ge=16)
    """Longest prompt and reply in tokens; longer pairs stay unscored."""
    uncertainty: Uncertainty = Uncertainty()
    """What is not known of each pair."""
    tokenizer: str | None = "embedded"
    """Tokenizer of the trainer, whose limits `select.gates.truncation` applies: `embedded`, or a
    folder or id as transformers loads it; null: lengths are not counted."""
    clusters: int | None = Field(default=None, ge=2)
    """Clusters of prompts, by sentence vectors; off unless given."""
