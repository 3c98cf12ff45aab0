"""One figure of an audit, and all of them as a document that a machine can read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FORMAT = 1
"""Version of the document; raised when a reader of an older one would be misled."""
_DIGITS = 6


class Figure(NamedTuple):
    """One number about a set of pairs, and whether it is one to worry about."""

    name: str
    """What it is, `family.figure`."""
    value: float | None
    """The number; None where no pair says anything about it."""
    threshold: float | None
    """From where it warns; None for a figure that only informs."""
    warns: bool
    """Whether it is beyond the threshold, and not by chance."""
    meaning: str
    """One line for a reader."""
    pairs: int
    """Pairs that it stands on."""
    p_value: float | None = None
    """Upper bound of the probability that labels drawn by a coin say as much; corrected for the
    number of features that were looked at."""
    false_alarm_rate: float = 0.0
    """How often it warns, at most, when labels are drawn by a coin; 0 for what is counted and does
    not depend on labels."""
    examples: Sequence[str] = ()
    """Ids of pairs that show it."""
    details: Sequence[Mapping[str, Any]] = ()
    """What the figure consists of, in rows of one kind."""


class Audit(NamedTuple):
    """What an audit has found."""

    pairs: int
    """Pairs that were read."""
    sampled: int
    """Pairs whose words and embeddings were looked at."""
    splits: Mapping[str, int]
    """Pairs by split, of those that have one."""
    encoder: str
    """What the embeddings come from."""
    settings: Mapping[str, Any]
    """`AuditSettings` by name."""
    figures: Sequence[Figure]
    """In a fixed order."""

    @property
    def warnings(self) -> list[Figure]:
        """The figures that warn."""
        return [figure for figure in self.figures if figure.warns]

    def as_json(self) -> dict[str, Any]:
        """JSON-like values, floats rounded to 6 digits; the same for the same pairs.

        >>> Audit(0, 0, {}, "none", {}, []).as_json()["warnings"]
        []
        """
        return {
            "format": FORMAT,
            "pairs": self.pairs,
            "sampled": self.sampled,
            "splits": dict(self.splits),
            "encoder": self.encoder,
            "settings": dict(self.settings),
            "warnings": [figure.name for figure in self.warnings],
            "figures": [_rounded(figure._asdict()) for figure in self.figures],
        }


def audit_bytes(audit: Audit) -> bytes:
    """An audit as the bytes of `audit.json`; lone surrogates become question marks.

    >>> audit_bytes(Audit(0, 0, {}, "none", {}, [])).decode().splitlines()[1]
    '  "format": 1,'
    """
    text = json.dumps(audit.as_json(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return text.encode("utf-8", "replace")


def _rounded(value: Any) -> Any:
    """Six digits after the point; of small numbers, six digits that count."""
    if isinstance(value, float):
        return round(value, _DIGITS) if abs(value) >= 0.001 else float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return value
