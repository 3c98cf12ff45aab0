"""A stage of the pipeline: a transform with several named outputs."""

from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import get_type_hints


class Stage(beam.PTransform):
    """Base of the transforms whose `expand` gives a named tuple of PCollections.

    Beam reads the annotations of `expand` and warns, at every step, that it cannot check such
    an output. They are for readers and for the type checker; the elements' types are declared on
    the DoFns.
    """

    def default_type_hints(self) -> Any:
        """Beam's hints without those of `expand`."""
        return get_type_hints(self.__class__)
