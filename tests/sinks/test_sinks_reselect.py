"""Choosing again gives the dataset that a run with the new selection would have given."""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from sinks_selecting import measured_pairs, publish_selected

import sinks.reselected
from pipelines.reselect import keeps_unselected, reselect
from schemas.errors import PublishError, RecipeError, UsageError
from schemas.records import NamedScore, PreferencePair
from sinks.funnel import unaccounted
from sinks.inspect import inspect_snapshot, read_pairs
from sinks.manifest import SnapshotManifest, read_snapshot
from sinks.rows import to_stored_row

PAIRS = measured_pairs(1500)
FIRST: dict[str, Any] = {"margin": {"min": 0.0}}
SELECTIONS: dict[str, dict[str, Any]] = {
    "looser": {"margin": {"min": -1.0}},
    "stricter": {"margin": {"min": 0.0, "max": 1.0}, "ln_ches": {"max": 0.5}},
    "a share": {"ln_ches": {"lowest": 0.25}},
    "soft targets": {"margin": {"min": -0.5}, "soft_targets": {"gamma": 2.0}},
    "flips": {"bands": {"flip": -0.2, "smooth": 0.3}},
    "so many": {"max_pairs": 40},
    "none": {"methods": ["expert"]},
    "all": {},
}


def overrides(select: dict[str, Any]) -> list[str]:
    """What makes `select` of any other selection."""
    return [f"select={json.dumps(select)}"]


def bytes_of(output: Path) -> dict[str, str]:
    """Hash of each file of the current snapshot."""
    return {file["path"]: file["sha256"] for file in read_snapshot(str(output)).files}


def table(output: Path, kind: str) -> pl.DataFrame:
    """All rows of a kind of the current snapshot."""
    current = read_snapshot(str(output)).id
    return pl.read_parquet(output / "snapshots" / current / kind / "*.parquet")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many steps, so that their borders fall everywhere."""
    monkeypatch.setattr(sinks.reselected, "STEP_BYTES", 100_000)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A dataset with the first selection."""
    publish_selected(str(tmp_path / "out"), PAIRS, **FIRST)
    return tmp_path / "out"


@pytest.mark.parametrize("name", SELECTIONS)
def test_choosing_again_gives_the_snapshot_of_a_run_with_that_selection(
    dataset: Path, tmp_path: Path, name: str
) -> None:
    run = publish_selected(str(tmp_path / "run"), PAIRS, **SELECTIONS[name])
    again = reselect(str(dataset), overrides(SELECTIONS[name]))
    assert again.id == run.id
    assert bytes_of(dataset) == bytes_of(tmp_path / "run")
    assert read_snapshot(str(dataset)).funnel == read_snapshot(str(tmp_path / "run")).funnel


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_way_back_leads_to_the_first_snapshot(dataset: Path, name: str) -> None:
    first = read_snapshot(str(dataset))
    other = reselect(str(dataset), overrides(SELECTIONS[name]))
    assert read_snapshot(str(dataset)).parent == first.id
    back = reselect(str(dataset), overrides(FIRST))
    assert (back.id, back.reused) == (first.id, True)
    assert other.id != first.id


def test_pairs_with_exchanged_sides_are_chosen_from_as_they_were_measured(tmp_path: Path) -> None:
    publish_selected(str(tmp_path / "a"), PAIRS, **SELECTIONS["flips"])
    publish_selected(str(tmp_path / "b"), PAIRS, **FIRST)
    reselect(str(tmp_path / "a"), overrides(FIRST))
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_pairs_that_were_found_twice_stay_to_choose_from(tmp_path: Path) -> None:
    twice = [p._replace(margin=-p.margin, method="existing") for p in PAIRS[:50] if p.margin]
    pairs = [*PAIRS, *twice]
    published = publish_selected(str(tmp_path / "a"), pairs, margin={"min": -9})
    assert inspect_snapshot(str(tmp_path / "a"))["funnel"][-1]["dropped"] == {"duplicate_pair": 50}
    assert sum(published.rows.values()) == len(PAIRS)
    publish_selected(str(tmp_path / "b"), pairs, **FIRST)
    reselect(str(tmp_path / "a"), overrides(FIRST))
    a, b = read_snapshot(str(tmp_path / "a")), read_snapshot(str(tmp_path / "b"))
    assert (a.digests, a.records, a.funnel) == (b.digests, b.records, b.funnel)
    reselect(str(tmp_path / "a"), overrides({"margin": {"min": -9}}))
    assert (
        read_snapshot(str(tmp_path / "a")).digests
        == read_snapshot(str(tmp_path / "a"), published.id).digests
    )


def test_the_funnel_adds_up_and_every_drop_has_its_reason(dataset: Path) -> None:
    reselect(str(dataset), overrides(SELECTIONS["stricter"]))
    manifest = read_snapshot(str(dataset))
    assert [unaccounted(row) for row in manifest.funnel] == [0, 0, 0]
    assert [row["stage"] for row in manifest.funnel] == ["budget", "select", "write"]
    drops = table(dataset, "drops")
    reasons = {name: n for row in manifest.funnel for name, n in row["dropped"].items()}
    assert dict(drops["filter"].value_counts().rows()) == reasons
    assert manifest.records["pairs"] + manifest.records["pool"] == len(PAIRS)
    pool = table(dataset, "pool")["id"]
    assert set(drops.filter(pl.col("filter") != "over_budget")["pair_id"]) == set(pool)


def test_the_hashes_beside_the_rows_are_those_of_the_rows(dataset: Path) -> None:
    reselect(str(dataset), overrides(SELECTIONS["soft targets"]))
    folder = dataset / "snapshots" / read_snapshot(str(dataset)).id
    stored = {}
    for path in folder.glob("index/*/*.parquet"):
        ids = pq.read_table(folder / path.relative_to(folder / "index"))["id"].to_pylist()
        hashes = [value.hex() for value in pq.read_table(path)["hash"].to_pylist()]
        stored |= dict(zip(ids, hashes, strict=True))
    for pair in PAIRS:
        assert stored[pair.id] == to_stored_row(pair, "pool").values["_hash"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("seed=8", '"seed" is not decided by stored scores: only keys of select'),
        ("score.ches=true", "run the recipe again"),
        ("*.margin=null", "only keys of select"),
        ("select.margn.min=0", 'unknown key "select.margn"; did you mean "margin"'),
        ("select.margin.min=low", 'select.margin.min: expected a number, got "low"'),
        ("select.margin={min: 2, max: 1}", "nothing would be kept"),
        ("select.margin", "expected KEY=VALUE"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_the_snapshot_stays(
    dataset: Path, change: str, message: str
) -> None:
    first = read_snapshot(str(dataset)).id
    with pytest.raises(RecipeError, match=message.replace("*", r"\*")):
        reselect(str(dataset), [change])
    assert read_snapshot(str(dataset)).id == first
    assert not (dataset / ".staging").exists() or not list((dataset / ".staging").iterdir())


def test_no_dataset_is_named_and_no_folder_made(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no dataset at"):
        reselect(str(tmp_path / "out"), [])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["signals", "index"])
def test_a_damaged_file_stops_it_and_the_snapshot_stays(dataset: Path, kind: str) -> None:
    first = read_snapshot(str(dataset))
    path = next(file["path"] for file in first.files if file["kind"] == kind)
    damaged = dataset / "snapshots" / first.id / path
    rows = pq.read_table(damaged)
    pq.write_table(rows.slice(0, 0) if kind == "signals" else rows.slice(1), damaged)
    with pytest.raises(PublishError, match="is damaged"):
        reselect(str(dataset), overrides({}))
    assert read_snapshot(str(dataset)).id == first.id
    assert list((dataset / ".staging").iterdir()) == []


def labelled(output: Path) -> dict[str, PreferencePair]:
    """The pairs of the current snapshot that have labels."""
    pairs = [p for split in ("train", "test") for p in read_pairs(str(output), split)]
    return {pair.id: pair for pair in pairs if pair.labels}


def test_new_labels_are_stored_and_decided_by(dataset: Path) -> None:
    yes, no = PAIRS[0].id, PAIRS[1].id
    labels = {
        yes: [NamedScore("ann", 1), NamedScore("bob", 0.5)],
        no: [NamedScore("ann", 0.0)],
        "f" * 32: [NamedScore("ann", 1.0)],
    }
    change = overrides({"jury_share": {"min": 0.5}, "keep_unscored": True})
    reselect(str(dataset), change, labels)
    assert {i: p.jury_share for i, p in labelled(dataset).items()} == {yes: 0.75}
    row = inspect_snapshot(str(dataset))["funnel"][1]
    assert row["notes"] == {"label_of_no_pair": 1, "labelled": 2}
    assert row["dropped"] == {"jury_share_min": 1}
    # The next labels take the place of the same annotator's.
    reselect(str(dataset), [], {yes: [NamedScore("ann", 0.0)], no: [NamedScore("cy", 1.0)]})
    found = labelled(dataset)
    assert found[no].jury_share == 0.5
    assert yes not in found


def test_a_row_with_new_labels_has_the_hash_of_that_row(dataset: Path, tmp_path: Path) -> None:
    label = NamedScore("ann", 1)
    again = [PAIRS[0]._replace(labels=(label,), jury_share=1.0), *PAIRS[1:]]
    publish_selected(str(tmp_path / "run"), again, **FIRST)
    reselect(str(dataset), [], {PAIRS[0].id: [label]})
    assert read_snapshot(str(dataset)).digests == read_snapshot(str(tmp_path / "run")).digests


@pytest.mark.parametrize("value", [2.0, float("nan"), -0.1])
def test_a_label_that_is_none_is_refused(dataset: Path, value: float) -> None:
    with pytest.raises(UsageError, match="expected a number from 0"):
        reselect(str(dataset), [], {PAIRS[0].id: [NamedScore("ann", value)]})


def make_old(output: Path) -> SnapshotManifest:
    """Make the current snapshot one of schema version 4: no pool, hash or audit, few columns."""
    manifest = read_snapshot(str(output))
    folder = output / "snapshots" / manifest.id
    later = PreferencePair._fields[PreferencePair._fields.index("chosen_chars") :]
    files = []
    for file in manifest.files:
        path = folder / file["path"]
        if file["kind"] in ("pool", "rankings", "index", "audit"):
            path.unlink()
            continue
        rows = pq.read_table(path)
        rows = rows.select([name for name in rows.column_names if name not in later])
        metadata = {**rows.schema.metadata, b"prefstream.schema_version": b"4"}
        pq.write_table(rows.replace_schema_metadata(metadata), path)
        data = path.read_bytes()
        files.append({**file, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    described = json.loads((folder / "manifest.json").read_text())
    described |= {"schema_version": 4, "files": files}
    described["records"] = {k: n for k, n in described["records"].items() if k != "pool"}
    del described["recipe"]["candidates"], described["recipe"]["select"]["gates"]
    (folder / "manifest.json").write_text(json.dumps(described))
    return read_snapshot(str(output))


def test_a_snapshot_of_an_earlier_version_lets_choose_from_what_it_kept(dataset: Path) -> None:
    old = make_old(dataset)
    assert not keeps_unselected(old)
    assert inspect_snapshot(str(dataset))["pool"] is None
    kept = {pair.id for pair in PAIRS if pair.margin is not None and pair.margin >= 0}
    wanted = {p.id for p in PAIRS if p.id in kept and p.margin is not None and p.margin >= 0.5}
    reselect(str(dataset), ["select.margin.min=0.5"])
    new = read_snapshot(str(dataset))
    assert keeps_unselected(new)
    assert set(table(dataset, "data")["id"]) == wanted
    assert set(table(dataset, "pool")["id"]) == kept - wanted
    assert all(unaccounted(row) == 0 for row in new.funnel)
    reselect(str(dataset), ["select.margin.min=-9.0"])
    assert set(table(dataset, "data")["id"]) == kept
