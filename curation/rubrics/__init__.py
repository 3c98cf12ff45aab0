"""Scoring rubrics: criteria with levels and weights, as YAML files, and a starter set."""
