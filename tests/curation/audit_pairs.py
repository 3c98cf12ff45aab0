"""Real pairs for the tests of the audit: hh-rlhf's sample, and a way to make one by hand."""

from functools import cache
from pathlib import Path

from curation.audit.audited import AuditedPair
from pipelines.audit import read_pair_files
from schemas.ids import pair_id
from schemas.records import Message, PreferencePair, Provenance

SAMPLE = Path(__file__).parents[1] / "data" / "hh_rlhf" / "pairs.jsonl"


@cache
def real_pairs() -> tuple[AuditedPair, ...]:
    """The pairs of hh-rlhf's sample."""
    rejects = []
    pairs = tuple(read_pair_files([str(SAMPLE)], rejects.append))
    assert len(pairs) >= 190
    return pairs


def pair(chosen, rejected, prompt="What now?", **values):
    """A pair of three texts."""
    sides = [(Message(role, t),) for role, t in (("user", prompt), ("assistant", chosen))]
    other = (Message("assistant", rejected),)
    origin = Provenance("f", 0, prompt, None, (), (), None, "")
    made = PreferencePair(
        pair_id(*sides, other), *sides, other, None, None, None, None, None, None, "existing",
        "demo", prompt, None, None, origin, "",
    )  # fmt: skip
    return made._replace(**values)


def figures(report):
    """The figures of an audit by name."""
    return {figure.name: figure for figure in report.figures}
