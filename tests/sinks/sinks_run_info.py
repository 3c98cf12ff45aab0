"""What a launcher tells the publisher; apart from the rest, because it needs no Beam."""

from typing import Any


def make_run_info(**changes: Any) -> dict[str, Any]:
    """What a launcher tells the publisher."""
    return {
        "name": "Test pairs",
        "recipe": {"seed": 7},
        "models": {"policy": "embedded@1"},
        "inputs": [{"path": "a.jsonl", "size": 10}],
        "code_version": "0.1.0",
        "packages": {"pyarrow": "25"},
        **changes,
    }
