"""Errors that stop the trainer and that the user can act on; what happened, where, and what to do next."""

from curator.errors import CuratorError, ExitCode


class TrainerError(CuratorError):
    """The trainer cannot go on: a wrong config, a dataset that is not what its manifest says, a full disk."""


class TrainerMissingError(TrainerError):
    """Something the trainer needs is not there: the extra `train`, a model, a dataset folder."""

    exit_code = ExitCode.MISSING
