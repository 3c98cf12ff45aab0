"""Drafts of pairs for tests of the stages after mining."""

from schemas.records import Message, PairDraft, PreferencePair, Provenance


def draft(  # noqa: PLR0917 (a factory of tests)
    number, prompt, hint=None, method="existing", chosen="yes", rejected="no", feedback=()
):
    """A draft with a number of its own; a side that is empty is missing."""
    provenance = Provenance("f.jsonl", number, "g", None, (), (), None, "")
    sides = [(Message("assistant", text),) if text else () for text in (chosen, rejected)]
    pair = PreferencePair(
        f"id-{number}", (Message("user", prompt),), *sides, None, None, None, None, None,
        None, method, "s", "c", None, hint, provenance, "",
    )  # fmt: skip
    return PairDraft(pair, hint, feedback)
