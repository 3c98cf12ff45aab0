"""The language of a reply, by the library lingua (the extra `languages`).

Looked at is the beginning of the prose, `LOOKED_AT` characters; code is left out. One of
`LANGUAGES` is said when the library finds it likely; of a short text it is not asked at all.
"""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from curation.instructions.draw import Draw
from curation.instructions.kind import Kind, Parameters
from curation.instructions.scripts import is_spaced, letters
from curation.instructions.view import View
from schemas.errors import MissingExtraError, UsageError

LANGUAGES = (
    "Arabic", "Chinese", "Dutch", "English", "French", "German", "Italian", "Japanese", "Korean",
    "Polish", "Portuguese", "Russian", "Spanish", "Turkish",
)  # fmt: skip
"""Languages that are told apart, and asked for."""
LOOKED_AT = 2000
"""Characters at the beginning that decide."""
ENOUGH_LETTERS, ENOUGH_UNSPACED = 60, 20
"""Letters from which on a language is told: of scripts with spaces, and of the others."""
LIKELY, SURE = 0.5, 0.8
"""Least probability, among all of `LANGUAGES`, of the language that a text is in, and of one that
is beyond doubt."""


def language_of(text: str, least: float = LIKELY) -> str | None:
    """The language that a text is written in.

    Parameters: `least` probability. Output: one of `LANGUAGES`; None where the text is too short,
    or no language is as probable.

    Raises: MissingExtraError without the extra `languages`.

    >>> language_of("Der Fuchs springt über den Hund und läuft sehr schnell in den tiefen Wald.")
    'German'
    """
    view = View(text)
    language, probability = _told("\n".join(view.outside)[:LOOKED_AT])
    return language if probability >= least else None


@lru_cache(maxsize=64)
def _told(prose: str) -> tuple[str | None, float]:
    if letters(prose) < (ENOUGH_LETTERS if is_spaced(prose) else ENOUGH_UNSPACED):
        return None, 1.0
    best = _detector().compute_language_confidence_values(prose)[0]
    # The last digits differ from run to run: the library adds up in any order.
    return str(best.language.name).capitalize(), round(best.value, 6)


@cache
def _detector() -> Any:
    if not importlib.util.find_spec("lingua"):
        raise MissingExtraError(
            "instructions about the language need lingua: pip install 'prefstream[languages]'"
        )
    from lingua import Language, LanguageDetectorBuilder

    named = [getattr(Language, name.upper()) for name in LANGUAGES]
    return LanguageDetectorBuilder.from_languages(*named).build()


@dataclass(frozen=True)
class InLanguage(Kind):
    """The reply is in the language asked for."""

    def check(self, parameters: Parameters) -> None:
        """Refuse parameters that are not of this kind. Raises: UsageError."""
        super().check(parameters)
        if parameters["language"] not in LANGUAGES:
            raise UsageError(f"language {parameters['language']!r:.80}: none of {LANGUAGES}")

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether it is."""
        return language_of(view.text) == parameters["language"]

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether some language is sure."""
        return language_of(view.text, SURE) is not None

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """The language that the text has, or another."""
        if kept:
            language = language_of(kept.text)
        else:
            spoken = language_of(broken.text) if broken else None
            language = draw.pick([name for name in LANGUAGES if name != spoken])
        if language:
            yield {"language": language}


LANGUAGE: tuple[Kind, ...] = (
    InLanguage(
        "language",
        "language",
        (
            "Answer in {language}.",
            "Write your whole reply in {language}.",
            "Your reply has to be in {language}.",
        ),
        {"language": str},
    ),
)
"""The kind about the language."""
