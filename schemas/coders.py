"""Beam coders of the records: a RowCoder each, so nothing on the wire is pickled.

Imported by whatever builds a pipeline, never by `curation/`, which does not know Beam.
"""

from apache_beam import coders

from schemas.records import RECORDS


def register_coders() -> None:
    """Register a `RowCoder` for every record; calling it again changes nothing.

    >>> register_coders()
    >>> from schemas.records import Message
    >>> coder = coders.registry.get_coder(Message)
    >>> coder.decode(coder.encode(Message("user", "hi")))
    Message(role='user', content='hi')
    """
    for record in RECORDS.values():
        coders.registry.register_coder(record, coders.RowCoder)


register_coders()
