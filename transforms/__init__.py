"""The pipeline's stages as Beam transforms, each usable alone.

Importing this package imports no language model and none of their libraries; those load
where a model runs.
"""

import schemas.coders  # noqa: F401 (registers the records' coders)
from transforms.attributes import SynthesizeAttributeEdits
from transforms.budget import KeepWithinBudget
from transforms.clean import CleanConversations, CleanDocuments
from transforms.clusters import AssignClusters
from transforms.construct import ConstructPairs
from transforms.context_reversal import SynthesizeContextReversals
from transforms.deduplicate import (
    DropDuplicateCandidates,
    DropDuplicateConversations,
    DropDuplicateDocuments,
    DropDuplicateDrafts,
)
from transforms.distil import PreparePreferences
from transforms.inference import (
    AskModel,
    Encode,
    Generate,
    MeasureJointly,
    ModelSettings,
    PartFailures,
    ScoreLikelihood,
)
from transforms.ingest import ReadRecords
from transforms.instructions import SynthesizeInstructions
from transforms.judgments import SynthesizeJudgments
from transforms.label import JudgeTurns
from transforms.labels import EstimateLabels
from transforms.measure import MeasurePairs
from transforms.memo import Memo, Memoize
from transforms.mine import MinePairs
from transforms.model_step import ModelStep, Role
from transforms.rationales import SynthesizeRationales
from transforms.reasoning import SynthesizeCorruptedReasoning
from transforms.rubric_score import ScoreByRubric
from transforms.rubrics import SynthesizeRubricPairs
from transforms.score import ScorePairs
from transforms.select import AssignSplit, SelectPairs
from transforms.synthesize import SynthesizePairs, Writers
from transforms.synthesized import Synthesized
from transforms.ugc import SynthesizeFromUserContent
from transforms.uncertainty import MeasureUncertainty
from transforms.votes import PairVotes

__all__ = [
    "AskModel",
    "AssignClusters",
    "AssignSplit",
    "CleanConversations",
    "CleanDocuments",
    "ConstructPairs",
    "DropDuplicateCandidates",
    "DropDuplicateConversations",
    "DropDuplicateDocuments",
    "DropDuplicateDrafts",
    "Encode",
    "EstimateLabels",
    "Generate",
    "JudgeTurns",
    "KeepWithinBudget",
    "MeasureJointly",
    "MeasurePairs",
    "MeasureUncertainty",
    "Memo",
    "Memoize",
    "MinePairs",
    "ModelSettings",
    "ModelStep",
    "PairVotes",
    "PartFailures",
    "PreparePreferences",
    "ReadRecords",
    "Role",
    "ScoreByRubric",
    "ScoreLikelihood",
    "ScorePairs",
    "SelectPairs",
    "SynthesizeAttributeEdits",
    "SynthesizeContextReversals",
    "SynthesizeCorruptedReasoning",
    "SynthesizeFromUserContent",
    "SynthesizeInstructions",
    "SynthesizeJudgments",
    "SynthesizePairs",
    "SynthesizeRationales",
    "SynthesizeRubricPairs",
    "Synthesized",
    "Writers",
]
