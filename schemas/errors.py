"""Every exception that this project raises on purpose, in one place and on the lowest floor.

The command line turns a `UsageError` into exit status 2 and any other `PrefstreamError`
into exit status 1, each with its message and without a traceback.
"""


class PrefstreamError(Exception):
    """Base of all errors that carry a message for the user."""


class UsageError(PrefstreamError):
    """What was asked cannot be done as asked: a wrong option, recipe, path or runner."""


class RecipeError(UsageError):
    """A recipe that does not say what it must; the message names the line and the nearest key."""


class SchemaError(PrefstreamError):
    """A record that breaks its schema; the message names the record and the field."""


class InputError(UsageError):
    """An input that cannot be opened at all (a bad row in it is a `Reject`, not an error)."""


class ModelError(PrefstreamError):
    """A language model that is missing, cannot load or cannot do what was asked of it."""


class ModelUnavailableError(ModelError):
    """A model that cannot be asked at all: asking it about another record would not help."""


class MissingExtraError(ModelError):
    """An optional package is not installed; the message holds the command that installs it."""


class RunError(PrefstreamError):
    """A run that was stopped before it published anything."""


class PublishError(PrefstreamError):
    """A snapshot that could not be published, or a published one that cannot be read."""
