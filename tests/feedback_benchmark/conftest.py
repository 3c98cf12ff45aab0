"""The benchmark's modules are no installed package: they lie beside its scripts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "feedback"))
