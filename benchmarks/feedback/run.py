"""How right every feedback detector and baseline is, on data labelled by real users.

    python benchmarks/feedback/run.py --data DIR [--detector SPEC ...] [--output FILE]
    python benchmarks/feedback/run.py --data DIR --judge MODEL [--share 0.1] [--sample N]

DIR holds one or more of `recllmsim_human` (archives or trees), `ifllm` and `uss`, at any depth
or itself; with `sharegpt*` in it, speed and memory are measured there too. Tested are all users
whom the weights were not trained on (`classifier.json`). Prints tables, writes JSON.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from labelled import evaluation, ifllm, recllmsim, speed, uss
from labelled.baselines import baselines
from labelled.examples import POLARITIES
from labelled.rows import Labelled, untrained

from curation.feedback.classifier import load_classifier
from curation.feedback.detector import FeedbackDetector, open_detector
from schemas.ids import unit_interval

COLUMNS = (
    "auc",
    "auc_low",
    "auc_high",
    "precision",
    "recall",
    "f1",
    "kappa",
    "best_f1",
    "precision_at_recall",
    "recall_at_precision",
)
HEADINGS = ("AUC", "from", "to", "P", "R", "F1", "kappa", "best F1", "P at R .45", "R at P .80")


def main() -> None:
    """Read, measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--detector",
        action="append",
        help="as in a recipe's mine.detector; default cues and classifier; may be repeated",
    )
    parser.add_argument("--output", type=Path, help="JSON; default: only the tables")
    parser.add_argument("--judge", help="model that judges: adds the detectors judge and cascade")
    parser.add_argument("--share", type=float, default=0.1, help="of turns, for cascade's judge")
    parser.add_argument("--sample", type=int, help="most conversations of a set, drawn by hash")
    options = parser.parse_args()
    specs = options.detector or ["cues", "classifier"]
    detectors: list[FeedbackDetector] = [open_detector(spec) for spec in specs]
    trained = load_classifier().trained_users
    quick = list(detectors)
    if options.judge:
        from labelled.model_detectors import Cascade, Judge

        judge = Judge(options.judge)
        detectors += [judge, Cascade(load_classifier(), judge, options.share)]
    result: dict[str, Any] = {"threshold": evaluation.THRESHOLD}
    everyone = [*baselines(), *detectors]
    for name, rows in (
        (recllmsim.NAME, recllmsim.read(options.data)),
        (ifllm.NAME, ifllm.read(options.data)),
    ):
        if rows:
            test = drawn(untrained(rows, trained), options.sample)
            result[name] = classified(name, rows, test, everyone)
    dialogues = uss.read(options.data)
    if dialogues:
        result[uss.NAME] = correlated(dialogues, [*baselines()[2:], *quick])
    chats = speed.conversations(options.data)
    if chats:
        result["speed"] = {d.name: speed.speed(d, chats) for d in quick}
        print_speed(result["speed"])
    if len(result) == 1:
        raise SystemExit(
            f"{options.data}: none of recllmsim_human, ifllm, uss and sharegpt is there"
        )
    if options.output:
        text = orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        options.output.write_bytes(text)


def drawn(rows: Sequence[Labelled], most: int | None) -> list[Labelled]:
    """At most so many conversations, the same ones in every run."""
    ordered = sorted(rows, key=lambda row: unit_interval(0, row.conversation.id))
    return list(rows) if most is None else ordered[:most]


def classified(
    name: str,
    rows: Sequence[Labelled],
    test: Sequence[Labelled],
    detectors: Sequence[FeedbackDetector],
) -> dict[str, Any]:
    """Tables of one set with users."""
    users = len({row.user for row in test})
    everyone = len({row.user for row in rows})
    print(f"\n## {name}: {len(test)} conversations of {users} users not trained on, of {everyone}")
    found = [evaluation.run(detector, test) for detector in detectors]
    result: dict[str, Any] = {"test_users": users, "conversations": len(test)}
    for polarity in POLARITIES:
        for question, cases in evaluation.QUESTIONS.items():
            if not cases(found[0], polarity):
                continue
            measured = {each.name: evaluation.measure(cases(each, polarity)) for each in found}
            any_of = next(iter(measured.values()))
            print(f"\n{polarity}, {question}: {any_of['positive']} of {any_of['cases']}")
            print_table(measured)
            result.setdefault(polarity, {})[question] = measured
    result["user_ceiling_auc"] = evaluation.user_ceiling(test)
    ceiling = _(result["user_ceiling_auc"])
    print(f"\nAUC on replies of an oracle that knows each user's rate: {ceiling}")
    if any(row.votes for row in test):
        result["vote_kappa"] = {p: evaluation.vote_agreement(test, p) for p in POLARITIES}
        values = ", ".join(f"{p} {_(value)}" for p, value in result["vote_kappa"].items())
        print(f"kappa of the votes among themselves: {values}")
    for each in detectors:
        if asked := getattr(each, "asked", 0):
            result["cascade"] = {"asked": asked, "changed": each.changed}
            print(f"{each.name}: {asked} turns asked about, {each.changed} changed")
    result["turns_per_second"] = {each.name: each.turns_per_second for each in found}
    print("turns per second:", ", ".join(f"{e.name} {e.turns_per_second:,.0f}" for e in found))
    return result


def correlated(
    dialogues: dict[str, list[Labelled]], detectors: Sequence[FeedbackDetector]
) -> dict[str, Any]:
    """Correlations with the mean rating, set by set."""
    print("\n## uss: predicted satisfaction minus dissatisfaction against the mean rating")
    print("\n| set | detector | turns | Pearson | Spearman | p |\n|---|---|---|---|---|---|")
    result: dict[str, Any] = {}
    for name, rows in dialogues.items():
        agreement = evaluation.rater_agreement(rows)
        result[name] = {"raters": agreement}
        for detector in detectors:
            one = evaluation.rating_correlation(evaluation.run(detector, rows))
            result[name][detector.name] = one
            print(
                f"| {name} | {detector.name} | {one['turns']} | {_(one['pearson'])} "
                f"| {_(one['spearman'])} | {one['p_value']:.1g} |"
            )
        print(
            f"| {name} | *one rater against the mean of the others* | | "
            f"| {_(agreement['one_against_others'])} | |"
        )
    return result


def print_table(measured: dict[str, dict[str, float]]) -> None:
    """One line for each detector."""
    print(f"\n| | {' | '.join(HEADINGS)} |\n|---|{'---|' * len(HEADINGS)}")
    for name, values in measured.items():
        print(f"| {name} | {' | '.join(_(values[column]) for column in COLUMNS)} |")


def print_speed(measured: dict[str, dict[str, float]]) -> None:
    """Turns per second and memory."""
    print("\n## speed: one process, from conversations in memory to labels")
    print("\n| | user turns | per second | judged turns | per second | memory grew by MiB |")
    print(f"|{'---|' * 6}")
    for name, one in measured.items():
        print(
            f"| {name} | {one['user_turns']} | {one['user_turns_per_second']:,.0f} "
            f"| {one['turns']} | {one['turns_per_second']:,.0f} | {one['memory_grew_mib']:.0f} |"
        )


def _(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


if __name__ == "__main__":
    main()
