"""What a judge says of a BBj source text, as one value for every judge.

Accepted, rejected and "could not be judged" are three things: the third never counts as one of the others.
"""

from dataclasses import dataclass
from enum import StrEnum

from curator.diagnostic import Diagnostic


class Status(StrEnum):
    """The three things a judge can say."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_VERDICT = "no verdict"


@dataclass(frozen=True)
class Source:
    """A program to be judged. `path` is only what diagnostics show; the file is neither read nor written."""

    path: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What one judge says of one source.

    `judge` names it with its version where known ("bbjcpl", "built-in 1"); a figure made of verdicts names it too.
    `why` says why there is no verdict (missing, timeout, crash ...) and is "" otherwise.
    """

    status: Status
    judge: str
    diagnostics: tuple[Diagnostic, ...] = ()
    why: str = ""

    def as_dict(self) -> dict[str, object]:
        """The fields as JSON values."""
        return {
            "status": str(self.status),
            "judge": self.judge,
            "why": self.why,
            "diagnostics": [d.as_dict() for d in self.diagnostics],
        }
