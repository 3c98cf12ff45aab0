"""Whether prompts of one split are also in another."""

import numpy as np

from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from schemas.records import SPLITS


def in_both_splits(facts: Facts, settings: AuditSettings) -> Figure:
    """Share of the test split's distinct prompts that are in the training split as well.

    Prompts are compared whole, without differences of case, width and blanks.
    """
    train, test = (facts[facts["split"] == place] for place in map(SPLITS.index, SPLITS))
    prompts = np.unique(test["prompt"])
    found = prompts[np.isin(prompts, train["prompt"])]
    both = len(train) > 0 and len(test) > 0
    value = len(found) / len(prompts) if both else None
    examples = np.unique(test["id"][np.isin(test["prompt"], found)])
    return Figure(
        "prompts.in_both_splits",
        value,
        settings.both_splits,
        value is not None and value > settings.both_splits,
        "Share of the test split's prompts that are in the training split, too. "
        f"Warns above {settings.both_splits:g}.",
        len(test) if both else 0,
        examples=tuple(key.decode() for key in examples[: settings.examples]),
        details=[{"prompts": len(prompts), "in_both": len(found)}] if both else (),
    )
