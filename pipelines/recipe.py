"""What a recipe may say: every section and key, its type, its default and its meaning.

A recipe is a YAML file with the sections of `Recipe`; `pipelines.recipe_file` reads it.
These classes, with those of `pipelines.recipe_mining`, are the only place where a key is
declared: the error messages, `--set` and `curate schema Recipe` are derived from them.
"""

import typing
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from curation.models.naming import parse_model_name
from pipelines.recipe_mining import Mine
from pipelines.recipe_score import Score
from pipelines.recipe_section import LIST, Section
from pipelines.recipe_select import Candidates, Select
from pipelines.recipe_synthesis import Synthesize
from schemas.errors import UsageError

Format = Literal[
    "auto",
    "openai",
    "sharegpt",
    "wildchat",
    "lmsys",
    "oasst_tree",
    "oasst_message",
    "trl_explicit",
    "trl_implicit",
    "hh",
    "ultrafeedback",
    "wildfeedback",
    "edits",
]
"""Shapes of a row; `auto` looks at the content."""

DocumentFormat = Literal["auto", "stackexchange", "reddit", "mail", "text", "document"]
"""Shapes of a document; `auto` looks at the content."""


class Files(Section):
    """Files of one kind of input, and how they are read."""

    paths: Annotated[tuple[str, ...], LIST]
    """Files, directories, globs or URLs; relative ones start at the recipe file."""
    name: str | None = None
    """Name in the `source` column; else the format."""
    limit: int | None = Field(default=None, ge=1)
    """Most rows that are read, for trials."""
    max_turn_chars: int = Field(default=100_000, ge=1)
    """Longest message or document in characters; a longer one is a reject."""
    user_salt: str = "prefstream"
    """Salt of the hash that replaces names of users and authors."""

    @field_validator("paths", mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Source(Files):
    """Chat logs, or preference pairs: where they lie and how they are read."""

    format: Format = "auto"
    """Shape of a row; auto looks at the content."""


class DocumentSource(Files):
    """User-generated content: where it lies and how it is read."""

    format: DocumentFormat = "auto"
    """Shape of a document; auto looks at the content."""


class CandidateSource(Files):
    """Several scored responses to each prompt: where they lie and how they are read."""

    format: Literal["auto", "ultrafeedback_full", "candidates"] = "auto"
    """Shape of a row; auto looks at the content."""


class Sources(Section):
    """What is read."""

    conversations: Source | None = None
    """Chat logs to mine."""
    documents: DocumentSource | None = None
    """User-generated content: posts, comments, mails, texts."""
    pairs: Source | None = None
    """Preference pairs that exist already."""
    candidates: CandidateSource | None = None
    """Several scored responses to each prompt, of which pairs are constructed."""
    max_reject_share: float = Field(default=0.5, ge=0, le=1)
    """Share of rejected input rows above which the run stops."""


class ModelSpec(Section):
    """One language model; a plain string is its `name`."""

    name: str = "embedded"
    """`embedded`, `transformers:PATH-OR-ID[@REVISION]`, `vllm:PATH-OR-ID[@REVISION]`, or
    `openai:http://HOST:PORT/v1#MODEL[@REVISION]`."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of the weights; auto is bfloat16 where it is fast."""
    max_context: int | None = Field(default=None, ge=16)
    """Context length in tokens; default: the model's own."""
    batch_size: int = Field(default=64, ge=1)
    """Requests that are handed to the model at once; changes no result."""
    token_budget: int | None = Field(default=None, ge=1)
    """Tokens of one forward pass; default: what suits the device."""
    accelerator: str | None = None
    """What the model's stages ask a runner for, for example
    `type:nvidia-l4;count:1;install-nvidia-driver`; no other stage asks for it."""

    @model_validator(mode="before")
    @classmethod
    def _plain_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("name")
    @classmethod
    def _known_backend(cls, value: str) -> str:
        try:
            parse_model_name(value)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return value


_EMBEDDED = ModelSpec()


class Models(Section):
    """The language models of the run."""

    policy: ModelSpec = _EMBEDDED
    """The model that is to be trained: writes the replies of `on_policy`, `followup_likelihood` and
    `ugc`."""
    expert: ModelSpec = _EMBEDDED
    """A stronger model: writes the replies of `expert` and `rubric_pairs`, the rewritings of
    `attributes`, the criteria of `context_reversals`, the rationales."""
    judge: ModelSpec = _EMBEDDED
    """Labels user turns, distils preferences, checks their safety, asks what documents answer,
    grades and compares replies."""
    scorer: ModelSpec = _EMBEDDED
    """Computes likelihoods and hidden states."""


class CleanDocuments(Section):
    """Which documents are worth working on."""

    min_chars: int = Field(default=200, ge=0)
    """Shortest document in characters."""
    max_chars: int = Field(default=20_000, ge=1)
    """Longest document in characters."""
    min_votes: int | None = None
    """Lowest score given by the community; documents without one pass."""
    min_letters_share: float = Field(default=0.5, ge=0, le=1)
    """Smallest share of letters among the characters that are not blank."""
    max_repeated_line_share: float = Field(default=0.3, ge=0, le=1)
    """Largest share of lines that stand in the document before."""


class Clean(Section):
    """Which conversations and documents are worth mining."""

    min_messages: int = Field(default=2, ge=1)
    """Fewest messages of a conversation."""
    max_messages: int = Field(default=400, ge=1)
    """Most messages of a conversation."""
    documents: CleanDocuments = CleanDocuments()
    """Bounds of documents."""

    @model_validator(mode="after")
    def _in_order(self) -> "Clean":
        if self.min_messages > self.max_messages:
            raise ValueError("min_messages is above max_messages: nothing would be kept")
        return self


class Deduplicate(Section):
    """Which copies are taken out."""

    exact: bool = True
    """Keep one of the conversations with the same messages."""


class Split(Section):
    """How the dataset is divided; one conversation is never on both sides."""

    test: float = Field(default=0.1, ge=0, le=0.9)
    """Share of conversations in `test`."""


class Write(Section):
    """How the dataset is written."""

    rankings: bool = False
    """Write the responses of `sources.candidates` as whole rankings too, into `rankings/`."""
    audit: bool = True
    """Audit the dataset, into `audit.json` and the card."""

    target_file_mb: int = Field(default=256, ge=1)
    """Size that a Parquet file aims at."""
    license: str | None = None
    """Licence of the dataset, for its card."""


class Recipe(Section):
    """A whole run: what is read, how pairs are made and judged, what is kept and written.

    >>> recipe = Recipe(name="mine", sources={"conversations": {"paths": "chats.jsonl"}})
    >>> recipe.models.policy.name, recipe.split.test
    ('embedded', 0.1)
    """

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the dataset: letters, digits, dots, dashes and underscores."""
    seed: int = Field(default=0, ge=0)
    """Seed of every sample and split."""
    sources: Sources = Sources()
    """What is read."""
    models: Models = Models()
    """The language models."""
    clean: Clean = Clean()
    """Which conversations are worth mining."""
    deduplicate: Deduplicate = Deduplicate()
    """Which copies are taken out."""
    mine: Mine = Mine()
    """How pairs are found in conversations."""
    synthesize: Synthesize = Synthesize()
    """How missing sides are written."""
    candidates: Candidates = Candidates()
    """How pairs are made of several scored responses."""
    score: Score = Score()
    """What is measured of each pair."""
    select: Select = Select()
    """Which pairs are kept."""
    split: Split = Split()
    """How train and test are divided."""
    write: Write = Write()
    """How the dataset is written."""


def resolved(recipe: Recipe) -> dict[str, Any]:
    """A recipe with all its defaults as JSON values, for the manifest.

    >>> resolved(Recipe(name="x"))["split"]
    {'test': 0.1}
    """
    return recipe.model_dump(mode="json")


def section_at(path: Iterable[str | int]) -> type[Section] | None:
    """The section that a path of keys leads to, None when it leads to a value or nowhere.

    >>> section_at(("models", "policy")).__name__
    'ModelSpec'
    >>> section_at(("seed",)) is None
    True
    """
    section: type[Section] | None = Recipe
    for key in path:
        field = section.model_fields.get(str(key)) if section else None
        if field is None:
            return None
        # `Source | None` holds the section beside None.
        kinds = (field.annotation, *typing.get_args(field.annotation))
        section = next((k for k in kinds if isinstance(k, type) and issubclass(k, Section)), None)
    return section
