"""How long work tells how far it is; front ends make a bar of it (`curator.commands.options.stages`)."""

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Is told the stage, how much of it is done, and of how much (None: not known)."""
