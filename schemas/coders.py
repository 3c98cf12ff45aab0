"""Beam coders of the records: rows on the wire, and our own classes on both ends of it.

Imported by whatever builds a pipeline, never by `curation/`, which does not know Beam.
"""

from typing import Any

from apache_beam import coders
from apache_beam.coders.coders import Coder
from apache_beam.typehints.schemas import schema_from_element_type

from schemas.records import RECORDS


class RecordCoder(coders.RowCoder):
    """A `RowCoder` that knows its record class in every process.

    Beam's own gives the class back only in the process that built the pipeline; in another
    worker it makes up a class with the same fields, which is no record of ours.
    """

    def __init__(self, record: type) -> None:
        self._record = record
        super().__init__(schema_from_element_type(record))

    @classmethod
    def from_type_hint(cls, type_hint: Any, registry: Any) -> Any:
        """The coder of a record class, as Beam's registry asks for it."""
        return cls(type_hint)

    def to_runner_api_parameter(self, context: Any) -> Any:
        """Travel as this class: as a portable row it would lose the record's class."""
        return Coder.to_runner_api_parameter(self, context)

    def as_deterministic_coder(self, step_label: str, error_message: str | None = None) -> Coder:
        """This coder itself where it is deterministic (a record without mappings)."""
        if self.is_deterministic():
            return self
        return super().as_deterministic_coder(step_label, error_message)

    def __reduce__(self) -> tuple[type, tuple[type]]:
        return RecordCoder, (self._record,)


def register_coders() -> None:
    """Register a coder for every record; calling it again changes nothing.

    >>> register_coders()
    >>> from schemas.records import Message
    >>> coder = coders.registry.get_coder(Message)
    >>> coder.decode(coder.encode(Message("user", "hi")))
    Message(role='user', content='hi')
    """
    for record in RECORDS.values():
        coders.registry.register_coder(record, RecordCoder)


register_coders()
