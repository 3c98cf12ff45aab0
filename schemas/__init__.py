"""What a record IS: the classes, and the schemas derived from them."""

from schemas.records import (
    DATASET_COLUMNS,
    SCHEMA_VERSION,
    Candidate,
    CandidateScores,
    Conversation,
    Document,
    Drop,
    FeedbackSignal,
    Message,
    PairDraft,
    PreferencePair,
    Provenance,
    Rationale,
    Reject,
    RubricLevel,
)
from schemas.validate import validate

__all__ = [
    "DATASET_COLUMNS",
    "SCHEMA_VERSION",
    "Candidate",
    "CandidateScores",
    "Conversation",
    "Document",
    "Drop",
    "FeedbackSignal",
    "Message",
    "PairDraft",
    "PreferencePair",
    "Provenance",
    "Rationale",
    "Reject",
    "RubricLevel",
    "validate",
]
