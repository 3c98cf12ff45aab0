"""The audit on real preference data: what it says, faults planted in copies, false alarms, speed.

    python benchmarks/audit.py --data DIR [--copies 200] [--output result.json]

DIR holds the folders hh_rlhf_harmless_test, autoj and alpaca_eval_outputs. The last one gives 21
pairings of 7 models, in which nothing but the length decides.
"""

import argparse
import json
import sys
import time
from collections import Counter
from itertools import combinations
from math import comb
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.audit_faults import FAULTS, tossed
from curation.audit.audit import audit
from curation.audit.audited import AuditedPair
from curation.audit.embedding import static_vectors
from curation.audit.figure import audit_bytes
from curation.audit.rows import read_audited
from curation.audit.settings import AuditSettings
from curation.formats.context import Context
from curation.reading import Row
from pipelines.audit import read_pair_files

_MODELS = (
    "NullModel", "Qwen1.5-1.8B-Chat", "alpaca-7b", "gpt-3.5-turbo-0301", "gpt4_1106_preview",
    "text_davinci_003", "vicuna-7b",
)  # fmt: skip
_NULL = "NullModel"
_COPY_SAMPLE = 150
_UNLIKELY = 1e-3


def pairs_of(folder: Path) -> dict[str, list[AuditedPair]]:
    """The data sets by name."""
    return {
        "hh_rlhf_harmless_test": _read(folder / "hh_rlhf_harmless_test" / "harmless-base"),
        "autoj": _read(folder / "autoj" / "data" / "test" / "testdata_pairwise.jsonl"),
        "alpaca_eval_outputs": _pairings(folder / "alpaca_eval_outputs" / "results"),
    }


def _read(path: Path) -> list[AuditedPair]:
    return list(read_pair_files([str(path)], lambda reject: None))


def _pairings(folder: Path) -> list[AuditedPair]:
    outputs = {
        model: json.loads((folder / model / "model_outputs.json").read_bytes()) for model in _MODELS
    }
    pairs = []
    for one, other in combinations(_MODELS, 2):
        for number, rows in enumerate(zip(outputs[one], outputs[other], strict=True)):
            first, second = rows
            value = {
                "instruction": first["instruction"],
                "output_1": first["output"],
                "output_2": second["output"],
                "generator_1": one,
                "generator_2": other,
                "preference": 1 + (len(second["output"]) > len(first["output"])),
            }
            found = read_audited(Row(value, number), Context(f"{one}-{other}"))
            pairs += found if isinstance(found, list) else []
    return pairs


def planted(pairs: list[AuditedPair]) -> dict[str, object]:
    """Which faults are found, in copies whose labels are the file's and in ones of a coin."""
    found: dict[str, object] = {}
    for base_name, base in (("labels of the file", pairs), ("labels of a coin", tossed(pairs, 0))):
        before = {figure.name for figure in audit(base).warnings}
        for name, fault in FAULTS.items():
            report = audit(fault.plant(base))
            figure = next(f for f in report.figures if f.name == fault.figure)
            found[f"{name}, {base_name}"] = {
                "figure": figure.name,
                "value": figure.value,
                "warns": figure.warns,
                "warned_before": figure.name in before,
            }
    return found


def false_alarms(pairs: list[AuditedPair], copies: int) -> dict[str, object]:
    """How often each figure that depends on labels warns on labels drawn by a coin."""
    settings = AuditSettings(sample_pairs=_COPY_SAMPLE)
    vectors: dict[str, object] = {}

    def encode(texts):  # The same replies in every copy: each is encoded once.
        fresh = [text for text in texts if text not in vectors]
        vectors.update(zip(fresh, static_vectors(fresh), strict=True))
        return [vectors[text] for text in texts]

    alarms: Counter[str] = Counter()
    rates: dict[str, float] = {}
    for seed in range(1, copies + 1):
        for figure in audit(tossed(pairs, seed), settings, encode).figures:
            if figure.false_alarm_rate:
                rates[figure.name] = figure.false_alarm_rate
                alarms[figure.name] += figure.warns
    worst = min(_tail(copies, alarms[name], rate) for name, rate in rates.items())
    return {
        "copies": copies,
        "figures": len(rates),
        "alarms": {name: n for name, n in sorted(alarms.items()) if n},
        "stated": sorted(set(rates.values())),
        "probability_of_the_worst": worst,
        "holds": worst > _UNLIKELY,
    }


def _tail(n: int, k: int, rate: float) -> float:
    """Probability of at least k alarms of n, if each has the stated rate."""
    return 1 - sum(comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k))


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--copy-pairs", type=int, default=400)
    parser.add_argument("--only", help="one data set by name")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    result: dict[str, object] = {}
    static_vectors(["warm up"])
    held = True
    for name, pairs in pairs_of(options.data).items():
        if options.only not in (None, name):
            continue
        start = time.perf_counter()
        report = audit(pairs)
        seconds = time.perf_counter() - start
        some = _some(pairs, options.copy_pairs)
        assert audit_bytes(audit(some)) == audit_bytes(audit(some[::-1])), "the order matters"
        faults = planted(pairs)
        if name.startswith("alpaca"):
            faults["NullModel in 6 of 21 pairings"] = _null_model(pairs)
        alarms = false_alarms(some, options.copies)
        held &= alarms["holds"] and all(fault["warns"] for fault in faults.values())
        result[name] = {
            "pairs": report.pairs,
            "sampled": report.sampled,
            "pairs_per_s": round(report.pairs / seconds),
            "warnings": {f.name: f.value for f in report.warnings},
            "planted": faults,
            "random_labels": alarms,
        }
        _show(name, result[name])
    if options.output:
        text = json.dumps(result, indent=2, default=float)
        options.output.write_text(text + "\n", encoding="utf-8")
    if not held:
        raise SystemExit("a fault passed silently, or there were too many false alarms")


def _null_model(pairs: list[AuditedPair]) -> dict[str, object]:
    """The constant answers that are in the data: on both sides, as the length decides."""
    with_null = [p for p in pairs if _NULL in (p.chosen_model, p.rejected_model)]
    clean = [p for p in pairs if p not in with_null]
    named = {f.name: f for f in audit(pairs).figures}
    without = {f.name: f for f in audit(clean).figures}
    both = [named[f"constant.{side}"] for side in ("chosen", "rejected")]
    return {
        "figure": "constant.*",
        "value": max(f.value for f in both),
        "warns": any(f.warns for f in both),
        "warned_before": any(without[f.name].warns for f in both),
    }


def _some(pairs: list[AuditedPair], count: int) -> list[AuditedPair]:
    return sorted(pairs, key=lambda told: told.pair.id)[:count]


def _show(name: str, found: dict) -> None:
    print(f"\n{name}: {found['pairs']:,} pairs, {found['pairs_per_s']:,} pairs per second")
    print("  warns:", ", ".join(f"{n} {v:.2f}" for n, v in found["warnings"].items()) or "nothing")
    for fault, seen in found["planted"].items():
        verdict = "found" if seen["warns"] else "MISSED"
        before = " (warned before, too)" if seen["warned_before"] else ""
        print(f"  {fault:58} {verdict:7} {seen['figure']} {seen['value']:.3f}{before}")
    alarms = found["random_labels"]
    listed = ", ".join(f"{n} {k}" for n, k in alarms["alarms"].items()) or "none"
    print(
        f"  labels by a coin, {alarms['copies']} copies: alarms {listed}; "
        f"{'holds' if alarms['holds'] else 'TOO MANY'}"
    )


if __name__ == "__main__":
    main()
