"""Errors that stop the program and that the user can act on.

What is wrong with the data is a Diagnostic, never an exception; anything else is a bug and shows its traceback.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    MISSING = 3


class CuratorError(Exception):
    """The program cannot go on; the message says what happened, where, and what to do next."""

    exit_code = ExitCode.USAGE


class MissingError(CuratorError):
    """Something the command needs is not there: a file, a compiler, an extra, a model."""

    exit_code = ExitCode.MISSING
