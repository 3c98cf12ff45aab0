"""The part of the graph that measures pairs: everything that selections decide by."""

import apache_beam as beam

from pipelines import measure_settings, settings, synthesis_settings
from pipelines.graph_parts import Plan
from transforms.clusters import AssignClusters
from transforms.labels import EstimateLabels
from transforms.measure import MeasurePairs
from transforms.rubric_score import ScoreByRubric
from transforms.score import ScorePairs
from transforms.uncertainty import MeasureUncertainty


def measured(plan: Plan, pairs: beam.PCollection) -> beam.PCollection:
    """The pairs with what the recipe wants to know of each: models first, then texts and labels."""
    pairs = _texts(plan, _asked(plan, pairs))
    estimated = measure_settings.labels(plan.recipe)
    if estimated:
        pairs = plan.taken.by(pairs | "Estimate labels" >> EstimateLabels(estimated)).pairs
    return pairs


def _asked(plan: Plan, pairs: beam.PCollection) -> beam.PCollection:
    recipe, taken = plan.recipe, plan.taken
    policy, judge, scorer = (
        settings.role(recipe, plan.models, name) for name in ("policy", "judge", "scorer")
    )
    if recipe.score.rubric:
        rubrics = synthesis_settings.rubric_scoring(recipe, recipe.score.rubric.rubrics)
        grade = ScoreByRubric(judge, rubrics, plan.memo)
        pairs = taken.by(pairs | "Score by rubric" >> grade).pairs
    scoring = settings.scoring(recipe)
    if scoring.dimensions or scoring.ches:
        pairs = taken.by(pairs | "Score" >> ScorePairs(scorer, scoring, plan.memo)).pairs
    uncertainty = measure_settings.uncertainty(recipe)
    if uncertainty:
        ask = MeasureUncertainty(uncertainty, policy, judge, scorer, plan.memo)
        pairs = taken.by(pairs | "Measure uncertainty" >> ask).pairs
    return pairs


def _texts(plan: Plan, pairs: beam.PCollection) -> beam.PCollection:
    recipe, taken = plan.recipe, plan.taken
    if recipe.score.clusters:
        cluster = AssignClusters(recipe.score.clusters, recipe.seed)
        pairs = taken.by(pairs | "Assign clusters" >> cluster).pairs
    measure = MeasurePairs(measure_settings.texts(recipe))
    measured: beam.PCollection = taken.by(pairs | "Measure texts" >> measure).pairs
    return measured
