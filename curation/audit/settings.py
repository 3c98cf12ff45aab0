"""When an audit warns, and how much of the data it looks at."""

from typing import NamedTuple

from schemas.errors import UsageError


class AuditSettings(NamedTuple):
    """When an audit warns, and how much of the data it looks at.

    A figure that could be due to chance warns when it is beyond its threshold AND a test that is
    exact or conservative says that labels drawn by a coin would give it no more often than
    `false_alarm_rate`. A figure over several features (forms, n-grams, attributes) is corrected for
    their number, so the rate is that of the whole figure.

    Parameters: `false_alarm_rate` of each figure; `sample_pairs`, the pairs of the figures that
    read words or embeddings, those with the lowest hashes of their ids; `seed` of that hash and of
    the attributes; `folds` of the cross-validation. The thresholds: `longer`, `first`, `refusing`,
    `own_family`: share of one side among the pairs whose sides differ in it, counted from the
    side that has more; `one_sided`: the same for a form, an n-gram or an attribute; `correlation`,
    absolute; `auc`; `constant`, share of a side's texts that answer at least `constant_prompts`
    prompts; `both_splits`, share of the test split's prompts; `shared_family`, share of pairs;
    `largest_cluster`, share of pairs. What is listed: `top_ngrams` of each side, of up to
    `ngram_length` tokens; `attributes` that are learnt, of which `active` describe a pair;
    `examples` of a figure.
    """

    false_alarm_rate: float = 0.01
    sample_pairs: int = 4000
    seed: int = 0
    folds: int = 5
    longer: float = 0.6
    first: float = 0.6
    refusing: float = 0.75
    own_family: float = 0.6
    one_sided: float = 0.75
    correlation: float = 0.3
    auc: float = 0.7
    constant: float = 0.05
    constant_prompts: int = 3
    both_splits: float = 0.01
    shared_family: float = 0.5
    largest_cluster: float = 0.5
    top_ngrams: int = 10
    ngram_length: int = 2
    attributes: int = 32
    active: int = 4
    examples: int = 3

    def check(self) -> None:
        """Raises: UsageError for settings that mean nothing.

        >>> AuditSettings().check()
        """
        least = {
            "sample_pairs": 1, "folds": 2, "constant_prompts": 2, "ngram_length": 1,
            "attributes": 1, "active": 1, "top_ngrams": 0, "examples": 0,
        }  # fmt: skip
        for name, low in least.items():
            if not getattr(self, name) >= low:
                raise UsageError(f"audit: {name}={getattr(self, name)!r}: at least {low}")
        if not 0 < self.false_alarm_rate < 1:
            rate = self.false_alarm_rate
            raise UsageError(f"audit: false_alarm_rate={rate!r}: between 0 and 1")
        for name in ("longer", "first", "refusing", "own_family", "one_sided", "auc"):
            if not 0.5 <= getattr(self, name) <= 1:
                raise UsageError(f"audit: {name}={getattr(self, name)!r}: 0.5 to 1")
        shares = ("correlation", "constant", "both_splits", "shared_family", "largest_cluster")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"audit: {name}={getattr(self, name)!r}: 0 to 1")
