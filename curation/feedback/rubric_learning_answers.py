"""What became of the items that a model wrote while it learned a rubric: those that differ."""

import re
from collections.abc import Iterable

from curation.feedback.rubric import MAX_NAME, RubricItem

_WORD = re.compile(r"[a-z0-9]+")


def unique_items(
    items: Iterable[RubricItem], polarity: str, most: int, taken: Iterable[str] = ()
) -> list[RubricItem]:
    """The first items that say something new under a name of their own.

    Parameters: taken: names that are gone; an item with one of them is given another.
    """
    names, definitions = set(taken), set()
    kept: list[RubricItem] = []
    for item in items:
        said = " ".join(_WORD.findall(item.definition.casefold())) or item.definition
        if item.polarity != polarity or said in definitions or len(kept) == most:
            continue
        name, number = item.name, 2
        while name in names:
            name = f"{item.name[: MAX_NAME - 4]}_{number}"
            number += 1
        names.add(name)
        definitions.add(said)
        kept.append(item._replace(name=name))
    return kept
