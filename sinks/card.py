"""The dataset card: the README that people read and that `datasets.load_dataset` obeys."""

import json
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from schemas.jsonschema import field_docs
from schemas.records import DATASET_COLUMNS, SPLITS, PreferencePair
from sinks.audit_file import read_audit
from sinks.audit_section import audit_section
from sinks.funnel import noted
from sinks.layout import snapshot_directory
from sinks.manifest import SnapshotManifest
from sinks.markdown import escape, markdown_table
from sinks.statistics import value_counts
from sinks.store import Store

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

_FRONT = Template("""\
---
pretty_name: $name
license: $license
task_categories:
- text-generation
tags:
- preference
- dpo
- trl
- prefstream
size_categories:
- $size
configs:
- config_name: default
  data_files:
$data_files
---
""")

_BODY = Template("""
# $title

$pairs preference pairs ($splits): two replies to one prompt, the first preferred to the second,
made from chat logs and user content by prefstream $code_version.

Snapshot `$id` of $created, schema version $schema_version. Licence: $licence_text.

## Load it

The format is TRL's preference format, conversational with an explicit prompt.

```python
from datasets import load_dataset
dataset = load_dataset("path/to/this/directory")

from trl import DPOTrainer
trainer = DPOTrainer(model, train_dataset=dataset["train"], eval_dataset=dataset["test"])

import polars as pl
train = pl.read_parquet("path/to/this/directory/$directory/data/train-*.parquet")
```

```sql
-- DuckDB
SELECT method, count(*), avg(margin) FROM 'path/to/this/directory/$directory/data/*.parquet'
GROUP BY method;
```

Beside the pairs, the snapshot holds `signals/` (the feedback that was found), `drops/` (pairs that
a filter took out, and why), `rejects/` (inputs that could not be used, and why) and `pool/` (pairs
that were measured and not selected, for `curate reselect`), as Parquet too.

## Columns

$columns

## How it was made

$methods

$models

$funnel

Every drop has its reason in `drops/`, every reject in `rejects/` ($rejects rows). The recipe, the
inputs, the versions and a hash of each file are in `$directory/manifest.json`.
""")


def dataset_card(store: Store, manifest: SnapshotManifest) -> str:
    """Write the card of a snapshot that is in its place.

    Output: Markdown whose YAML front matter names the data files of each split. Text that
    comes from data or recipe is escaped.
    """
    directory = snapshot_directory(manifest.id)
    total = sum(manifest.rows.values())
    methods = value_counts(store, manifest, "method")
    docs = field_docs(PreferencePair)
    # `datasets` refuses to load a split that has no row.
    loadable = [split for split in SPLITS if manifest.rows[split]] or SPLITS
    front = _FRONT.substitute(
        name=json.dumps(manifest.name, ensure_ascii=False),
        license=json.dumps(manifest.license or "unknown", ensure_ascii=False),
        size=next((name for limit, name in _SIZES if total < limit), "n>1M"),
        data_files="\n".join(
            f"  - split: {split}\n    path: {directory}/data/{split}-*.parquet"
            for split in loadable
        ),
    )
    audit = read_audit(store, manifest)
    section = f"\n{audit_section(audit)}" if audit else ""
    body = _BODY.substitute(
        title=escape(manifest.name),
        pairs=f"{total:,}",
        splits=", ".join(f"{manifest.rows[split]:,} {split}" for split in SPLITS),
        code_version=escape(manifest.code_version),
        id=manifest.id,
        created=manifest.created,
        schema_version=manifest.schema_version,
        licence_text=escape(manifest.license or "unknown, check the sources before you share it"),
        directory=directory,
        columns=markdown_table(
            ("Column", "Meaning"), ((f"`{c}`", docs[c]) for c in DATASET_COLUMNS)
        ),
        methods=markdown_table(("Method", "Pairs"), methods.items()),
        models=markdown_table(("Role", "Model"), manifest.models.items()),
        funnel=_funnel_table(manifest.funnel),
        rejects=f"{manifest.records['rejects']:,}",
    )
    return front + body + section


def _funnel_table(funnel: Sequence[Mapping[str, Any]]) -> str:
    rows = (
        (
            row["stage"],
            row["in"],
            row["out"],
            ", ".join(f"{reason} {n:,}" for reason, n in row["dropped"].items()),
            noted(row),
        )
        for row in funnel
    )
    return markdown_table(("Stage", "In", "Out", "Dropped", "Noted"), rows)
