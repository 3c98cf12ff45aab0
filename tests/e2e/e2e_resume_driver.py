"""A small run whose model notes the key of each request that it computes.

Arguments: the dataset, the file for the keys, then the inputs. The model is the real one; only
the noting is added, where the stages load it.
"""

import sys
from pathlib import Path

from e2e_runs import SMALL

import transforms.model_handler
from curation.memo.keys import content_keys
from curation.models.loading import load_model
from curation.models.tasks import GENERATION, JOINT
from pipelines.beam_options import pipeline_options
from pipelines.launch import launch
from pipelines.recipe_file import load_recipe
from transforms.inference import AskModel, ModelSettings

TASKS = {"generate": GENERATION, "measure": JOINT}
CHANGES = (*SMALL, "models.expert.batch_size=2", "models.scorer.batch_size=2")


class Noted:
    """The embedded model, which notes the requests of each batch that it has answered."""

    def __init__(self, settings, log):
        self._settings = settings
        self._log = log
        self._model = load_model(settings.name, settings.dtype)

    def __getattr__(self, name):
        task = TASKS[name]

        def ask(requests):
            answers = getattr(self._model, name)(requests)
            identity = AskModel(self._settings, task).identity()
            keys = content_keys(task, identity, requests)
            with Path(self._log).open("a") as file:
                file.write("".join(f"{key.hex()}\n" for key in keys))
            return answers

        return ask


def load_noted(settings: ModelSettings):
    """Load the model of a stage, in this process."""
    return Noted(settings, sys.argv[2])


def main():
    """Run the quickstart over a few conversations."""
    transforms.model_handler.load_by_name = load_noted
    output, inputs = sys.argv[1], sys.argv[3:]
    launch(
        load_recipe("quickstart", CHANGES, {"conversations": inputs}), output, pipeline_options([])
    )


if __name__ == "__main__":
    main()
