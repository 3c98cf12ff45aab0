"""Whatever is asked of whatever pairs: order, parts and other pairs' places change no decision."""

import math

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from curation.selection.columns import FLOATS
from curation.selection.decision import begin, decide, decide_all, left, phases
from curation.selection.flags import FLAGS
from curation.selection.thresholds import (
    SCORES,
    STRATA,
    TARGETS_OF,
    Bands,
    Bounds,
    Gates,
    Mix,
    Selection,
    SoftTargets,
    Truncation,
    UpoSampling,
)

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
ANY = st.none() | st.floats() | st.sampled_from([0.0, -0.0, 0.5, 1.0, math.nan, math.inf, -1.0])
SMALL = st.none() | st.integers(0, 5)
WORD = st.none() | st.sampled_from(["de", "en"])
SIDES = st.sampled_from(["both", "chosen", "rejected", "none"])
SHARE = st.none() | st.sampled_from([0.1, 0.5, 0.29, 1.0])
LIMIT = st.none() | st.sampled_from([-1.0, 0.0, 0.5])

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(["ugc", "expert", "existing"]),
            "source": st.sampled_from(["a", "b", ""]),
            "language": WORD,
            "cluster": SMALL,
            "flags": st.none() | st.lists(st.sampled_from(FLAGS), max_size=2, unique=True),
            "chosen_chars": SMALL,
            "rejected_chars": SMALL,
            "prompt_tokens": SMALL,
            "chosen_tokens": SMALL,
            "rejected_tokens": SMALL,
            "shared_tokens": SMALL,
            "shared_end_tokens": SMALL,
        }
        | dict.fromkeys(FLOATS, ANY)
    ),
    max_size=12,
)
BOUNDS = st.builds(
    lambda low, high, share, lowest, per: Bounds(
        low, high, share if lowest else None, None if lowest else share, per
    ),
    LIMIT, LIMIT, SHARE, st.booleans(), st.none() | st.sampled_from(STRATA),
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "ugc", "en", "on", "off", "unknown", "*"])
MIXES = st.builds(
    lambda by, weights, total: Mix(by, weights={"*": 1.0} | weights, total=total),
    st.sampled_from(STRATA),
    st.dictionaries(NAMES, st.sampled_from([0.0, 0.1, 1.0, 2.0])).filter(
        lambda given: any(({"*": 1.0} | given).values())
    ),
    st.none() | st.integers(1, 9),
) | st.builds(
    lambda by, quotas: Mix(by, quotas=quotas),
    st.sampled_from(STRATA),
    st.dictionaries(NAMES, st.integers(0, 4)),
)
SELECTIONS = st.builds(
    Selection,
    bounds=st.dictionaries(st.sampled_from(SCORES), BOUNDS, max_size=2),
    min_chosen_chars=st.integers(0, 2),
    max_chars_ratio=st.none() | st.just(2.0),
    methods=st.none() | st.just(("ugc", "expert")),
    keep_unscored=st.booleans(),
    certainty=st.sampled_from([None, "small", "large"]),
    z_score=st.none() | st.sampled_from(STRATA),
    gates=st.builds(
        Gates,
        identical=st.booleans(),
        refusal=SIDES,
        compliance=SIDES,
        prompt=st.booleans(),
        language=st.booleans(),
        range=st.booleans(),
        contradictions=st.sampled_from(["drop", "keep", "soft"]),
        truncation=st.none()
        | st.builds(Truncation, SMALL, SMALL, st.sampled_from(["keep_start", "keep_end"])),
    ),
    bands=st.none() | st.builds(Bands, LIMIT, st.just(0.0), st.just(0.1)),
    soft_targets=st.none() | st.builds(SoftTargets, st.just(2.0), st.sampled_from(TARGETS_OF)),
    sampling=st.none() | st.just(UpoSampling(0.3, 0.3)) | st.just(UpoSampling(0.0, 1.0)),
    mix=st.none() | MIXES,
    max_pairs=st.none() | st.integers(1, 5),
)


def frame_of_rows(rows):
    """A frame of drawn rows with ids of their places."""
    types = dict.fromkeys(FLOATS, pl.Float64) | {"flags": pl.List(pl.String), "cluster": pl.Int64}
    frame = pl.DataFrame(rows, schema_overrides=types) if rows else pl.DataFrame()
    return frame.with_columns(
        id=pl.Series([f"{n:032x}" for n in range(len(rows))], dtype=pl.String)
    )


@given(ROWS, SELECTIONS, st.integers(0, 3), st.randoms())
@settings(max_examples=60, deadline=None, phases=NO_SHRINKING)
def test_permuting_the_pairs_changes_no_decision(rows, selection, seed, random):
    frame = frame_of_rows(rows)
    found = decide_all(frame, selection, seed)
    order = random.sample(range(len(rows)), len(rows))
    assert decide_all(frame[order], selection, seed).equals(found[order])
    assert found["id"].to_list() == frame["id"].to_list()


@given(ROWS, SELECTIONS, st.integers(0, 12))
@settings(max_examples=60, deadline=None, phases=NO_SHRINKING)
def test_deciding_in_parts_is_deciding_at_once(rows, selection, place):
    frame = frame_of_rows(rows)
    parts, facts = [frame[:place], frame[place:]], []
    working = [begin(part, selection) for part in parts]
    for phase in phases(selection):
        one, other = (phase.add(phase.start(), left(part)) for part in working)
        facts.append(phase.facts(phase.merge(other, one)))
        working = [phase.decide(part, facts[-1]) for part in working]
    found = pl.concat([decide(part, selection, 0, facts) for part in parts])
    assert found.equals(decide_all(frame, selection))


@given(ROWS, SELECTIONS)
@settings(max_examples=60, deadline=None, phases=NO_SHRINKING)
def test_what_is_kept_is_as_asked_and_what_is_not_has_its_reason(rows, selection):
    frame = frame_of_rows(rows)
    found = decide_all(frame, selection).to_dicts()
    kept = [row for row in found if row["filter"] is None]
    assert all(row["value"] is None and row["threshold"] is None for row in kept)
    assert all(row["target"] is None or 0 <= row["target"] <= 1 for row in kept)
    dropped = [row for row in found if row["filter"] is not None]
    assert all(row["target"] is None and not row["flip"] for row in dropped)
    if selection.max_pairs is not None:
        assert len(kept) <= selection.max_pairs
