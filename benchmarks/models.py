"""What the model engine saves, as ratios of two ways to the same answers in one run.

    python benchmarks/models.py [--only likelihood,ches,tokens,pipeline,memo,gpu] [--whole]
                                [--output benchmarks/models.json]

Each ratio is the median of three rounds, and the answers of both ways are compared. By
default the plain way of scoring is timed on a quarter of the follow-ups of each context and
multiplied (every forward pass of it has the same length); `--whole` times all of them.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model_benchmarks import gpu, memo, pipeline, scoring

TARGETS = {
    "likelihood": ("times fewer seconds than one sequence per pass", 10.0),
    "ches": ("times fewer seconds than one pass per response, float32", 3.0),
    "tokens": ("of the tokens per second of a bare forward pass", 0.8),
    "pipeline": ("times the seconds of the backend alone", 1.05),
    "memo": ("records per second, all answers kept", 15_000.0),
    "gpu_likelihood": ("of the GPU's peak", 0.5),
    "gpu_ches": ("of the GPU's peak", 0.5),
}
"""What each ratio is, and the figure that it is held to."""
_AT_MOST = ("pipeline",)
ROUNDS = 3
"""Rounds of each benchmark; the median counts."""


def main() -> None:
    """Run the benchmarks that were asked for, print them as a table, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="likelihood,ches,tokens,pipeline,memo,gpu")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("models.json"))
    arguments = parser.parse_args()
    kinds: dict[str, Callable[[], dict[str, Any]]] = {
        "likelihood": lambda: scoring.likelihood(ROUNDS, arguments.whole),
        "ches": lambda: scoring.ches(ROUNDS),
        "tokens": lambda: scoring.tokens(ROUNDS),
        "pipeline": lambda: pipeline.overhead(ROUNDS),
        "memo": lambda: memo.throughput(ROUNDS),
        "gpu": lambda: gpu.utilisation(ROUNDS),
    }
    asked = arguments.only.split(",")
    if set(asked) - kinds.keys():
        parser.error(f"--only: expected some of {', '.join(kinds)}")
    results: dict[str, Any] = {}
    for name in asked:
        begun = time.perf_counter()
        print(f"{name} …", file=sys.stderr, flush=True)
        found = kinds[name]()
        for key, result in found.items() if name == "gpu" else [(name, found)]:
            result["ratio"] = statistics.median(result["ratios"])
            result["seconds_in_all"] = round(time.perf_counter() - begun, 1)
            results[key] = result
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    arguments.output.write_text(
        json.dumps({"machine": {**machine, **scoring.machine()}, "results": results}, indent=1)
        + "\n"
    )
    print(f"{'':<15}{'ratio':>10}{'target':>12}")
    for name, result in results.items():
        meaning, target = TARGETS[name]
        met = result["ratio"] <= target if name in _AT_MOST else result["ratio"] >= target
        sign = "≤" if name in _AT_MOST else "≥"
        verdict = "" if met else "   FALLS SHORT"
        print(f"{name:<15}{result['ratio']:>10,.2f}{sign:>3} {target:>8,g}  {meaning}{verdict}")
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
