"""The benchmarks of `benchmarks/models.py`, one module for each part of the engine."""
