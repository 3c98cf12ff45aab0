"""Getting a PCollection's elements out of a pipeline, whatever process they end in."""

import pickle

import apache_beam as beam


class Collected:
    """PCollections by name, readable as lists when the pipeline is done."""

    def __init__(self, folder):
        self._folder = folder

    def take(self, name, pcoll):
        """Keep all elements of a PCollection under a name."""
        listed = pcoll | f"list {name}" >> beam.combiners.ToList()
        _ = listed | f"save {name}" >> beam.Map(_save, str(self._folder / name))

    def __getitem__(self, name):
        return pickle.loads((self._folder / name).read_bytes())


def _save(elements, path):
    with open(path, "wb") as file:  # noqa: PTH123 (a path that is pickled as text)
        pickle.dump(elements, file)
