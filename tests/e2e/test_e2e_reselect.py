"""Choosing again on a run of the bundled sample, with the command line as a user would use it."""

import json
import shutil

import polars as pl
import pytest
from e2e_runs import curate, rows, run

from sinks.funnel import unaccounted
from sinks.inspect import inspect_snapshot
from sinks.manifest import read_snapshot

SELECTIONS = {
    "looser": ["select.margin=null", "select.ln_ches=null", "select.gates.language=false"],
    "stricter": ["select.margin={min: 0.0}", "select.min_chosen_chars=40"],
    "share": ["select.ln_ches={lowest: 0.5}"],
    "soft": ["select.soft_targets={gamma: 2.0}"],
}


@pytest.fixture(scope="module")
def first(conversations, tmp_path_factory):
    """A finished run, whose rows all the tests choose from."""
    output = tmp_path_factory.mktemp("first") / "dataset"
    run(output, conversations)
    return output


@pytest.fixture
def dataset(first, tmp_path):
    """A copy of it."""
    shutil.copytree(first, tmp_path / "dataset")
    return tmp_path / "dataset"


def reselect(output, changes):
    """Choose again; gives the new snapshot's manifest."""
    arguments = [argument for change in changes for argument in ("--set", change)]
    curate("reselect", output, *arguments)
    return read_snapshot(str(output))


def of_current(output, kind):
    """Rows of a kind of the current snapshot."""
    current = read_snapshot(str(output)).id
    return pl.read_parquet(f"{output}/snapshots/{current}/{kind}/*.parquet")


@pytest.mark.parametrize("name", SELECTIONS)
def test_another_selection_and_the_way_back(dataset, name):
    before = read_snapshot(str(dataset))
    measured = before.records["pairs"] + before.records["pool"]
    other = reselect(dataset, SELECTIONS[name])
    assert other.parent == before.id
    assert other.records["pairs"] + other.records["pool"] == measured
    assert [unaccounted(row) for row in other.funnel] == [0] * len(before.funnel)
    dropped = [n for row in other.funnel for n in row["dropped"].values()]
    refused = other.records["drops"] + other.records["duplicates"] + other.records["rejects"]
    no_pair = sum(row["dropped"].get("no_pair", 0) for row in other.funnel)
    assert refused == sum(dropped) - no_pair
    section = before.recipe["select"]
    back = reselect(dataset, [f"select={json.dumps(section)}"])
    assert back.id == before.id
    assert back.digests == before.digests


def test_a_share_keeps_the_pairs_with_the_lowest_values(dataset):
    reselect(dataset, SELECTIONS["share"])
    kept = of_current(dataset, "data")["ln_ches"]
    drops = of_current(dataset, "drops").filter(pl.col("filter") == "ln_ches_lowest")
    assert drops.height > 0
    assert kept.max() <= drops["value"].min()


def test_soft_targets_are_those_of_the_margins(dataset):
    reselect(dataset, SELECTIONS["soft"])
    pairs = of_current(dataset, "data")
    expected = 1 / (1 + (-2.0 * pairs["margin"]).exp())
    assert ((pairs["target"] - expected).abs() < 1e-12).all()


def test_a_run_with_the_same_selection_gives_the_same_rows(dataset, conversations, tmp_path):
    again = reselect(dataset, SELECTIONS["stricter"])
    run(tmp_path / "run", conversations, changes=SELECTIONS["stricter"])
    fresh = inspect_snapshot(str(tmp_path / "run"))
    assert fresh["rows"] == again.rows
    current = of_current(dataset, "data").sort("id")
    columns = [name for name in current.columns if name != "provenance"]
    assert rows(tmp_path / "run").select(columns).equals(current.select(columns))
