"""Is the extra `train` installed? Asked before torch and friends are imported, so that the answer is one clear line."""

from importlib.util import find_spec

from trainer.errors import TrainerMissingError

# The order is the order of the message: the first one missing is the one named.
NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate", "matplotlib")
INSTALL = "pip install 'bbj-curator[train]'"


def check_extra(needed: tuple[str, ...] = NEEDED) -> None:
    """Raises TrainerMissingError, naming the first library that is not installed. Imports nothing, so it is quick."""
    for name in needed:
        if find_spec(name) is None:
            raise TrainerMissingError(f'needs {name}; run "{INSTALL}"')
