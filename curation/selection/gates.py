"""The rules that look at one pair alone and come first: method, gates, lengths.

Their order: the method; sides that are the same; what a trainer cuts off; the prompt; refusals;
compliance; languages; contradictions; scores out of range; length of the chosen side; ratio of the
lengths. Pairs whose sides are exchanged (`curation.selection.flip`) are judged as they become.
"""

from collections.abc import Iterator, Mapping
from math import log

import polars as pl

from curation.selection.columns import FLOATS
from curation.selection.rules import Rule
from curation.selection.thresholds import Gates, Selection, Truncation

RANGES: Mapping[str, tuple[float, float | None]] = {
    "rubric_margin": (-4.0, 4.0),
    "edit_similarity": (-1.0, 0.0),
    "ensemble_std": (0.0, None),
    "ensemble_agreement": (0.0, 1.0),
    "bald": (0.0, log(2)),
    "dropout_probability": (0.0, 1.0),
    "judge_consistency": (0.0, 1.0),
    "predictive_entropy": (0.0, None),
    "label_posterior": (0.0, 1.0),
    "jury_share": (0.0, 1.0),
}
"""What scores can be, where they cannot be any number."""
TOLERANCE = 1e-9
"""How far a score may lie outside of its range: what the rounding of a sum may do."""


def row_rules(selection: Selection) -> tuple[Rule, ...]:
    """The rules before the bounds, in their order.

    Output: filters `method`; `identical_sides`; `truncated_empty` and `truncated_equal` (value:
    tokens that are kept; threshold: the trainer's limit); `empty_prompt`, `no_user_turn`;
    `refusal_SIDE`; `compliance_SIDE`; `language_SIDE`; `contradicted`; `SCORE_range` (threshold:
    the end of the range); `min_chosen_chars`; `empty_rejected`; `max_chars_ratio`. Filters by a
    flag or a name have no value.
    """
    return (*_method(selection), *_gates(selection.gates), *_ranges(selection), *_chars(selection))


def flagged(flag: str) -> pl.Expr:
    """Whether pairs have a flag of `curation.selection.flags.FLAGS`."""
    return pl.col("flags").list.contains(flag).fill_null(False)


def _method(selection: Selection) -> Iterator[Rule]:
    if selection.methods is not None:
        yield Rule("method", ~pl.col("method").is_in(list(selection.methods)))


def _gates(gates: Gates) -> Iterator[Rule]:
    if gates.identical:
        yield Rule("identical_sides", flagged("identical"))
    if gates.truncation:
        yield from _truncation(gates.truncation)
    if gates.prompt:
        yield from (Rule(flag, flagged(flag)) for flag in ("empty_prompt", "no_user_turn"))
    language = "both" if gates.language else "none"
    asked = {"refusal": gates.refusal, "compliance": gates.compliance, "language": language}
    for what, which in asked.items():
        for side in ("chosen", "rejected"):
            if which in (side, "both"):
                yield Rule(f"{what}_{side}", flagged(f"{what}:{side}"))
    if gates.contradictions == "drop":
        yield Rule("contradicted", flagged("contradicted"))


def _truncation(limits: Truncation) -> Iterator[Rule]:
    """What is left of both sides; where a number is missing, nothing is decided."""
    prompt = pl.col("prompt_tokens")
    if limits.max_prompt_tokens is not None:
        prompt = prompt.clip(upper_bound=limits.max_prompt_tokens)
    sides = [pl.col("chosen_tokens"), pl.col("rejected_tokens")]
    most = limits.max_tokens
    if limits.mode == "keep_start":
        # The reply keeps its first tokens, as many as the prompt leaves room for.
        room = None if most is None else (most - prompt).clip(lower_bound=0)
        replies = [side if room is None else pl.min_horizontal(side, room) for side in sides]
        kept, shared = replies, pl.col("shared_tokens")
    else:
        # Prompt and reply keep their last tokens, so a reply loses its beginning last.
        replies = [side if most is None else side.clip(upper_bound=most) for side in sides]
        ends = [prompt + side for side in sides]
        kept = [end if most is None else end.clip(upper_bound=most) for end in ends]
        shared = pl.col("shared_end_tokens")
    known = pl.all_horizontal(c.is_not_null() for c in (prompt, *sides, shared))
    threshold = None if most is None else float(most)
    left = pl.min_horizontal(replies)
    yield Rule("truncated_empty", known & (left <= 0), left, threshold)
    equal = (kept[0] == kept[1]) & (shared >= kept[0])
    yield Rule("truncated_equal", known & equal, kept[0], threshold)


def _ranges(selection: Selection) -> Iterator[Rule]:
    """A score that is no number fails here, as does one that no share of pairs can be made of."""
    for name in FLOATS if selection.gates.range else _ranked(selection):
        score = pl.col(name)
        low, high = RANGES.get(name, (None, None)) if selection.gates.range else (None, None)
        failed, threshold = ~score.is_finite(), pl.lit(None, pl.Float64)
        if low is not None:
            threshold = pl.when(score.is_finite() & (score < low)).then(low)
            failed |= score < low - TOLERANCE
        if high is not None:
            above = pl.when(score.is_finite() & (score > high)).then(high)
            threshold = pl.coalesce(threshold, above)
            failed |= score > high + TOLERANCE
        yield Rule(f"{name}_range", failed, score, threshold)


def _ranked(selection: Selection) -> list[str]:
    """Scores that are compared with those of other pairs: infinite ones would spoil it."""
    bounds = selection.bounds.items()
    names = {name for name, asked in bounds if (asked.lowest, asked.highest) != (None, None)}
    names |= {"implicit_margin"} if selection.certainty else set()
    names |= {"bald"} if selection.sampling else set()
    names |= {"margin"} if selection.z_score else set()
    return [name for name in FLOATS if name in names]


def _chars(selection: Selection) -> Iterator[Rule]:
    chosen, rejected = pl.col("chosen_chars"), pl.col("rejected_chars")
    least = selection.min_chosen_chars
    yield Rule("min_chosen_chars", chosen < least, chosen, float(least))
    if selection.gates.identical:
        yield Rule("empty_rejected", rejected < 1, rejected, 1.0)
    if (most := selection.max_chars_ratio) is not None:
        shorter = pl.min_horizontal(chosen, rejected).clip(lower_bound=1)
        ratio = pl.max_horizontal(chosen, rejected) / shorter
        known = chosen.is_not_null() & rejected.is_not_null()
        yield Rule("max_chars_ratio", known & (ratio > most), ratio, most)
