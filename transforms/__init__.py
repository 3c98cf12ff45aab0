"""The pipeline's stages as Beam transforms, each usable alone.

Importing this package imports no language model and none of their libraries; those load
where a model runs.
"""

import schemas.coders  # noqa: F401 (registers the records' coders)
from transforms.clean import CleanConversations
from transforms.deduplicate import (
    DropDuplicateConversations,
    DropDuplicateDrafts,
    KeepWithinBudget,
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
from transforms.label import JudgeTurns
from transforms.memo import Memo, Memoize
from transforms.mine import MinePairs
from transforms.model_step import ModelStep, Role
from transforms.score import ScorePairs
from transforms.select import AssignSplit, SelectPairs
from transforms.synthesize import SynthesizePairs, Writers

__all__ = [
    "AskModel",
    "AssignSplit",
    "CleanConversations",
    "DropDuplicateConversations",
    "DropDuplicateDrafts",
    "Encode",
    "Generate",
    "JudgeTurns",
    "KeepWithinBudget",
    "MeasureJointly",
    "Memo",
    "Memoize",
    "MinePairs",
    "ModelSettings",
    "ModelStep",
    "PartFailures",
    "PreparePreferences",
    "ReadRecords",
    "Role",
    "ScoreLikelihood",
    "ScorePairs",
    "SelectPairs",
    "SynthesizePairs",
    "Writers",
]
