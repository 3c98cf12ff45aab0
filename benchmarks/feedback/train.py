"""Train the feedback classifier's weights and write them beside its code.

    python benchmarks/feedback/train.py --data DIR [--output FOLDER] [--only-check]

DIR holds recllmsim_human, ifllm and oasst_100trees. Of the first two, users whose name hashes
into the training part are read (`labelled.rows.may_train`); the names of all are written into
`classifier.json`, so that the benchmark never tests on them. Same data, same weights, to the bit
on one machine.
"""

import argparse
from pathlib import Path

import numpy as np
import orjson
import yaml
from labelled import ifllm, oasst, recllmsim
from labelled.examples import examples, planted
from labelled.rows import Labelled, may_train
from labelled.training import Settings, check, export, train
from labelled.vectors import train_table

from curation.feedback.encoder import StaticEncoder

ROOT = Path(__file__).parents[2]
PLANTED = ROOT / "tests" / "data" / "feedback" / "planted.yaml"
TURNS = Path(__file__).with_name("turn_labels.yaml")


def main() -> None:
    """Read, cross-validate by user, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=ROOT / "curation" / "feedback")
    parser.add_argument("--only-check", action="store_true", help="cross-validate and stop")
    options = parser.parse_args()
    rows = [*recllmsim.read(options.data), *ifllm.read(options.data)]
    rows = [row for row in rows if may_train(row.user)] + oasst.read(options.data)
    read = yaml.safe_load(TURNS.read_text("utf-8"))
    print(f"{len(rows)} conversations of {len({row.user for row in rows})} training users")
    table = train_table(_texts(rows))
    data = examples(rows, read, planted(PLANTED), StaticEncoder(table))
    settings = Settings()
    thresholds = check(data, settings)
    if options.only_check:
        return
    heads = train(data, settings, np.ones(len(data.rows), bool))
    users = sorted({row.user for row in rows})
    arrays, about = export(heads, table, thresholds, users)
    np.savez_compressed(options.output / "classifier.npz", **arrays)
    text = orjson.dumps(about, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (options.output / "classifier.json").write_bytes(text)
    size = (options.output / "classifier.npz").stat().st_size
    print(f"wrote classifier.npz ({size:,} bytes) and classifier.json to {options.output}")


def _texts(rows: list[Labelled]) -> list[str]:
    return [message.content for row in rows for message in row.conversation.messages]


if __name__ == "__main__":
    main()
