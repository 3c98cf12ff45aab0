"""The part of the graph that makes pairs and rankings of several responses to a prompt."""

from typing import NamedTuple

import apache_beam as beam

from pipelines.candidate_settings import pairing
from pipelines.graph_parts import Plan, reader
from pipelines.recipe import CandidateSource
from schemas.records import CandidateSet, PairDraft
from transforms.construct import ConstructPairs
from transforms.deduplicate import DropDuplicateCandidates
from transforms.ingest import Records
from transforms.select import assign_split


class FromCandidates(NamedTuple):
    """What candidate sets give."""

    drafts: list[beam.PCollection]
    """`PairDraft`: complete pairs that no model has worked on."""
    rankings: list[beam.PCollection]
    """`CandidateSet`: the responses best first, with their split, where rankings are wanted."""


def pairs_of_candidates(plan: Plan, code_version: str) -> FromCandidates:
    """Read the candidate sets and make pairs of them, and rankings where the recipe wants them."""
    recipe, source = plan.recipe, plan.recipe.sources.candidates
    found = FromCandidates([], [])
    if not source:
        return found
    candidates = plan.taken.by(_read(plan, source, "")).candidates
    if recipe.deduplicate.exact:
        once = DropDuplicateCandidates(_read(plan, source, " for ids").candidates)
        candidates = plan.taken.copies(candidates | "Deduplicate candidates" >> once)
    construct = ConstructPairs(pairing(recipe), recipe.seed, recipe.write.rankings)
    made = plan.taken.by(candidates | "Construct pairs" >> construct)
    found.drafts.append(
        made.pairs
        | "Candidates as drafts" >> beam.Map(PairDraft, None).with_output_types(PairDraft)
    )
    if recipe.write.rankings:
        found.rankings.append(
            made.rankings
            | "Finish rankings"
            >> beam.Map(
                _finished, code_version=code_version, test=recipe.split.test, seed=recipe.seed
            ).with_output_types(CandidateSet)
        )
    return found


def _finished(ranking: CandidateSet, code_version: str, test: float, seed: int) -> CandidateSet:
    """A ranking with the code's version, on the side of the split where its pairs are."""
    origin = ranking.provenance._replace(code_version=code_version)
    return assign_split(ranking._replace(provenance=origin), test, seed)


def _read(plan: Plan, source: CandidateSource, purpose: str) -> Records:
    read = reader(source, silent=bool(purpose), kind="candidates")
    records: Records = plan.pipeline | f"Read candidates{purpose}" >> read
    return records
