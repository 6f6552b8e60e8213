"""BBj's own compiler as a judge: where it is, how it is called, what its answer means.

Its exit status says nothing: it is 0 for clean code, for errors and for a missing file, so the text decides. Text of
no known form, a status of a failed launcher, a timeout: no verdict, which is neither clean nor an error.
It is always called with -N (write no output) on copies in a private folder, never on a user's file, many in one call:
a Java machine starts each time (93 files took 1.5 s in one call and 74 s in 93).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curator.diagnostic import Code, Diagnostic, Severity, Tier
from curator.judge.process import Finished, Stoppable
from curator.judge.verdict import Source, Status, Verdict

NAME = "bbjcpl"
TIMEOUT_S = 30.0  # for one call; a small file takes 0.65 s on an idle machine, a loaded CI runner many times that
_TIMEOUT_PER_FILE_S = 0.1  # added for each file of a call (measured: 16 ms a file)
_FILES_PER_CALL = 200  # paths of our own making, about 60 characters each: far below Windows' limit of 32,767
_PARTS = 8  # a failed call is repeated in so many parts: one bad file among 200 costs 4 timeouts, with halves 8

USUAL_PLACES = ("/usr/local/bbx", "/opt/bbx", "/Applications/bbx", r"C:\bbx")
_NAMES = ("bbjcpl.exe", "bbjcplw.exe", "bbjcpl") if os.name == "nt" else ("bbjcpl",)

COMPILER_CODES: tuple[Code, ...] = (
    Code(
        "E801",
        "bbjcpl rejects this line",
        Severity.ERROR,
        Tier.COMPILER_RULE,
        "The BBj compiler found a syntax error here. It prints the line and no reason. One mistake can make it "
        "reject several lines after it: correct the first one and check again.",
        bad='print "a" rem no semicolon before the comment\n',
        good='print "a"; rem a semicolon before the comment\n',
    ),
    Code(
        "E802",
        "bbjcpl finds no such label",
        Severity.ERROR,
        Tier.COMPILER_RULE,
        "A GOTO, GOSUB, ERR= or the like names a label that no line of this program (or of this method) defines.",
        bad="goto nowhere\n",
        good="goto done\ndone:\n",
    ),
    Code(
        "E803",
        "bbjcpl reports another error",
        Severity.ERROR,
        Tier.COMPILER_RULE,
        "The BBj compiler reported an error of a kind that is not a syntax error and not a missing label. "
        "The message is its own.",
    ),
)


def find_bbjcpl(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The compiler's executable: from $BBJ_HOME, $BBJHOME, PATH, then the usual places; None if it is nowhere.

    Symbolic links are resolved, because the launcher finds the rest of BBj from its own path.
    """
    homes = [Path(environ[name]) for name in ("BBJ_HOME", "BBJHOME") if environ.get(name)]
    folders = [folder for home in homes for folder in (home / "bin", home)]
    # a relative or empty PATH entry means the current folder: nothing from there is started unasked
    on_path = [Path(entry.strip('"')) for entry in environ.get("PATH", "").split(os.pathsep)]
    folders += [folder for folder in on_path if folder.is_absolute()]
    folders += [Path(place) / "bin" for place in USUAL_PLACES]
    for folder in folders:
        for name in _NAMES:
            candidate = folder / name
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return candidate.resolve()
    return None


def verdicts(
    compiler: Path, sources: Sequence[Source], timeout_s: float = TIMEOUT_S, runner: Stoppable | None = None
) -> list[Verdict]:
    """What bbjcpl says of each source, in order.

    A call that fails (timeout, crash, odd output) is repeated in smaller parts, so that one file does not take the
    verdict of the others; but only if the compiler still answers for a harmless program.
    """
    import tempfile  # 20 ms with its imports; only where a compiler is installed

    with tempfile.TemporaryDirectory(prefix="bbjcpl-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        return _Session(compiler, list(sources), folder, timeout_s, runner or Stoppable()).verdicts()


class _Session:
    """The calls for one list of sources."""

    def __init__(
        self, compiler: Path, sources: list[Source], folder: Path, timeout_s: float, runner: Stoppable
    ) -> None:
        self.compiler, self.sources, self.folder = compiler, sources, folder
        self.timeout_s, self.runner = timeout_s, runner
        self.found: dict[int, Verdict] = {}
        self.healthy: bool | None = None  # whether it answers for a harmless program; asked only after a failure

    def verdicts(self) -> list[Verdict]:
        numbers = range(len(self.sources))
        todo = [list(numbers[start : start + _FILES_PER_CALL]) for start in range(0, len(numbers), _FILES_PER_CALL)]
        todo.reverse()
        while todo:
            batch = todo.pop()
            for number in batch:
                self._file(number).write_bytes(_encoded(self.sources[number].text))
            answer = self._call(batch)
            self._decide(batch, answer)
            left = [number for number in batch if number not in self.found]
            if not left:
                continue
            if len(batch) == 1 or not self._is_healthy():
                rest = [number for later in todo for number in later] if len(batch) > 1 else []
                for number in left + rest:
                    self.found[number] = Verdict(Status.NO_VERDICT, NAME, why=answer.why)
                if rest:
                    break
            else:
                size = -(-len(left) // _PARTS)
                todo += [left[start : start + size] for start in range(0, len(left), size)]
        return [self.found[number] for number in numbers]

    def _file(self, number: int) -> Path:
        return self.folder / f"s{number:06}.bbj"

    def _call(self, batch: list[int]) -> _Answer:
        files = [self._file(number) for number in batch]
        timeout_s = self.timeout_s + _TIMEOUT_PER_FILE_S * (len(files) - 1)
        finished = self.runner.run([str(self.compiler), "-N", *map(str, files)], self.folder, timeout_s)
        for file in files:  # 10,000 sources need not lie on the disk all at once
            file.unlink(missing_ok=True)
        return _read(finished, timeout_s)

    def _decide(self, batch: list[int], answer: _Answer) -> None:
        """Record the verdict of every source that the answer settles."""
        for number in batch:
            said = answer.said.get(number, [])
            odd = answer.odd.get(number)
            if said:
                diagnostics = tuple(_diagnostic(self.sources[number], line) for line in said)
                self.found[number] = Verdict(Status.REJECTED, NAME, diagnostics)
            elif odd:
                self.found[number] = Verdict(Status.NO_VERDICT, NAME, why=f"odd output: {odd}")
            elif not answer.why:
                self.found[number] = Verdict(Status.ACCEPTED, NAME)

    def _is_healthy(self) -> bool:
        if self.healthy is None:
            probe = self.folder / "probe.bbj"
            probe.write_text("rem a harmless program\n")
            finished = self.runner.run([str(self.compiler), "-N", str(probe)], self.folder, self.timeout_s)
            self.healthy = not _read(finished, self.timeout_s).why
        return self.healthy


def _encoded(text: str) -> bytes:
    """The bytes given to the compiler: those of the file where it was read with `surrogateescape`, else UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair; no file on disk has one
        return text.encode("utf-8", "replace")


@dataclass(frozen=True)
class _Said:
    """One line of the compiler's output in a known form."""

    what: str
    line: int
    source: str


@dataclass
class _Answer:
    """The output of one call, sorted by source. With a `why`, a source of which nothing is said is not accepted."""

    why: str = ""
    said: dict[int, list[_Said]] = field(default_factory=dict)
    odd: dict[int, str] = field(default_factory=dict)  # lines of no known form that name a source


# The path is what we gave it or another spelling of it (a resolved link, a short Windows name): our file name suffices.
# Anchored on `at line <BBj line> (<physical line>):`, which the forms with and without a reason share.
_LINE = re.compile(r"(?:.*[\\/])?s(\d{6})\.bbj: ?((?:type check )?(?:error|warning)\b.*?) ?at line \d+ \((\d+)\):(.*)")
_OURS = re.compile(r"\bs(\d{6})\.bbj\b")
_LABEL = re.compile(r"error: label (\S+) used but not defined")
# Java says on stderr that it read options from the environment; that is no answer of the compiler
_JAVA_NOTE = re.compile(r"(?:NOTE: )?Picked up \w*JAVA\w*(?:OPTIONS|OPTS)\w*:")


def _read(finished: Finished, timeout_s: float) -> _Answer:
    """Sort the output of a call; the exit status matters only where it says that the launcher failed."""
    match finished.outcome:
        case "timeout":
            return _Answer(f"timeout after {timeout_s:g} s")
        case "stopped":
            return _Answer("stopped")
        case "not started":
            return _Answer(f"cannot be started: {finished.problem}")
    if finished.status is None or not 0 <= finished.status < 126:
        first = next(iter(_lines(finished)), "")
        return _Answer(f"crash, exit status {finished.status}" + (f": {first[:200]}" if first else ""))
    answer = _Answer("more output than can be read" if finished.cut else "")
    for text in dict.fromkeys(_lines(finished)):  # the same line on stdout and stderr counts once
        if known := _LINE.fullmatch(text):
            number, what, line, source = int(known[1]), known[2], int(known[3]), known[4]
            said = answer.said.setdefault(number, [])
            if "warning" not in what.split("[")[0]:
                said.append(_Said(what, line, source.strip()))
        elif ours := _OURS.search(text):
            answer.odd.setdefault(int(ours[1]), text[:200])
        elif not _JAVA_NOTE.match(text):
            answer.why = answer.why or f"odd output: {text[:200]}"
    return answer


def _lines(finished: Finished) -> list[str]:
    """The lines of both streams that are not blank, stderr first: that is where errors were seen."""
    lines: list[str] = []
    for stream in (finished.stderr, finished.stdout):
        # not splitlines(): a form feed inside a source line does not end the compiler's line
        pieces = [piece.rstrip("\r") for piece in stream.decode("utf-8", "replace").split("\n")]
        if finished.cut and pieces:
            pieces.pop()  # the output was cut somewhere, perhaps in this line
        lines += [piece for piece in pieces if piece.strip()]
    return lines


def _diagnostic(source: Source, said: _Said) -> Diagnostic:
    """One line of output as a diagnostic on the user's path; without a column, so the code of the line is marked."""
    rows = source.text.split("\n")
    line = min(max(said.line, 1), len(rows))
    row = rows[line - 1].rstrip()
    column, end = len(row) - len(row.lstrip()) + 1, len(row) + 1
    code, message = "E803", said.what.removeprefix("error:").strip()
    if said.what == "error":
        code, message = "E801", f"bbjcpl: syntax error: {said.source}".removesuffix(": ")
    elif label := _LABEL.match(said.what):
        code, message = "E802", f'bbjcpl: label "{label[1]}" is used but not defined'
        place = re.search(rf"(?<![\w]){re.escape(label[1])}(?!\w)", row, re.IGNORECASE)
        if place:
            column, end = place.start() + 1, place.end() + 1
    else:
        message = f"bbjcpl: {message}"
    return Diagnostic(source.path, line, column, code, Severity.ERROR, message, end=max(end, column + 1))
