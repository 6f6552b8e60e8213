"""What an evaluation found weakest: the share of useful programs by generation and by type, from its report.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from curator import schema
from curator.errors import CuratorError, MissingError


@dataclass(frozen=True)
class Weakness:
    """Shares of failures, 0 to 1, of one arm of an evaluation, with the number of cases behind each.

    A failure is a program that is not useful@1 by the judge named here; what had no verdict is not counted.
    """

    path: str
    arm: str
    judge: str
    overall: float | None
    by_generation: Mapping[str, tuple[float, int]]
    by_type: Mapping[str, tuple[float, int]]

    def of(self, kind: str, generation: str) -> float:
        """The share of failures to expect of a type and generation: the mean of what was measured of both.

        Of what was not measured the overall share is taken. The cases are too few to measure each pair.
        """
        known = [of[word][0] for of, word in ((self.by_generation, generation), (self.by_type, kind)) if word in of]
        return sum(known) / len(known) if known else self.overall or 0.0

    def as_dict(self) -> dict[str, object]:
        """The fields as JSON values."""
        return {
            "report": self.path,
            "arm": self.arm,
            "judge": self.judge,
            "failing": self.overall,
            "failing_by_generation": {word: round(share, 4) for word, (share, _) in self.by_generation.items()},
            "failing_by_type": {word: round(share, 4) for word, (share, _) in self.by_type.items()},
        }


def read(path: Path) -> Weakness:
    """The weakness of the tuned model, or of the last arm if none is called so, from a report of `trainer eval`."""
    path = path / "report.json" if path.is_dir() else path
    try:
        report = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MissingError(f"{path}: no such file; make one with: trainer eval") from None
    except (OSError, ValueError) as error:
        raise CuratorError(f"{path}: cannot be read as a report ({error}); make it again with: trainer eval") from error
    wrong = next(schema.violations("report", report), None)
    if wrong:
        raise CuratorError(f"{path}: no report of an evaluation ({wrong.message[:200]}); give the report.json that "
                           "trainer eval wrote")  # fmt: skip
    arms = {arm["name"]: arm for arm in report["arms"]}
    arm = arms.get("tuned") or report["arms"][-1]
    overall = arm["useful_at_1"]["value"]
    return Weakness(
        path.as_posix(),
        arm["name"],
        report["judge"],
        None if overall is None else 1 - overall,
        _failing(arm["by_generation"]),
        _failing(arm["by_type"]),
    )


def _failing(groups: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, tuple[float, int]]:
    shares = {word: measures["useful_at_1"] for word, measures in groups.items()}
    return {word: (1 - s["value"], int(s["n"])) for word, s in shares.items() if s["value"] is not None}
