"""Draw pairs from unlabelled conversations, for a person to read and judge.

    python benchmarks/feedback/audit.py --data DIR [--detector classifier] [-n 30] [--seed 0]

DIR holds conversations in any format that prefstream reads. Prints, for each pair drawn, where it
comes from, its reason and the passages to be judged. `AUDIT.md` has the verdicts of one draw.
"""

import argparse
from pathlib import Path

from labelled.speed import conversations

from curation.feedback.builders import Builders
from curation.feedback.detector import open_detector, signals_of
from curation.feedback.pairs import ExpertSettings
from schemas.ids import unit_interval
from schemas.records import Conversation, PairDraft

EXCERPT = 400
"""Characters shown of a message."""


def main() -> None:
    """Label, build, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--detector", default="classifier")
    parser.add_argument("-n", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    builders = Builders(expert=ExpertSettings())
    detector = open_detector(options.detector)
    found: dict[str, tuple[Conversation, PairDraft]] = {}
    for chat in conversations(options.data):
        [labels] = detector.label([chat])
        for draft in builders.drafts(chat, signals_of(chat, labels)):
            found[draft.pair.id] = (chat, draft)
    order = sorted(found, key=lambda name: unit_interval(options.seed, name))
    methods = [draft.pair.method for _, draft in found.values()]
    counts = ", ".join(f"{name} {methods.count(name)}" for name in sorted(set(methods)))
    print(f"{len(found)} pairs ({counts}), of which {min(options.n, len(order))} are drawn")
    for number, name in enumerate(order[: options.n], 1):
        show(number, *found[name])


def show(number: int, chat: Conversation, draft: PairDraft) -> None:
    """Print one pair."""
    pair = draft.pair
    turn = pair.provenance.turn or 0
    print(f"\n## {number}. {pair.method} {pair.id[:12]}, turn {turn} of {chat.id[:12]}")
    print(f"reason: {pair.rationale}")
    last = turn + (3 if pair.method in ("revisions", "hindsight") else 2)
    for at in range(max(0, turn - 2), min(len(chat.messages), last)):
        role, text = chat.messages[at]
        text = " ".join(text.split())
        shown = text if len(text) <= EXCERPT else f"{text[:250]} […] {text[-150:]}"
        print(f"[{at}] {role}: {shown}")


if __name__ == "__main__":
    main()
