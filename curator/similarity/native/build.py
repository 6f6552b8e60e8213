"""Compiles kernels.c with whatever C compiler is there. Needs nothing but Python, so that an installer can run it.

python -m curator.similarity.native.build
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

SOURCE = Path(__file__).with_name("kernels.c")
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_OPTIONS = ("-O3", "-std=c99", "-shared", "-fPIC", "-fvisibility=hidden")


class BuildError(Exception):
    """No compiler, or none that made a library which loads."""


def library_name() -> str:
    """The file name of the library. It names the source it is made of, so one made of another source is not found."""
    source = SOURCE.read_bytes().replace(b"\r\n", b"\n")
    machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"kernels_{hashlib.sha256(source).hexdigest()[:12]}_{machine}{_SUFFIX}"


def build(folder: Path) -> Path:
    """Compiles the library into a folder, replacing an older one there, and returns its path. Raises BuildError."""
    reasons = []
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, library_name())
        for command in _commands(made):
            reason = _attempt(command, made, scratch)
            if reason is None:
                return _put(made, folder)
            reasons.append(f"{command[0]}: {reason}")
    raise BuildError("; ".join(reasons) or "no C compiler found (cc, gcc, clang, cl, or the package ziglang)")


def _commands(made: Path) -> Iterator[Sequence[str]]:
    named = os.environ.get("CC", "").split()
    for compiler in ([named] if named else []) + [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(compiler[0]):
            yield [*compiler, *_OPTIONS, "-o", str(made), str(SOURCE)]
    if shutil.which("cl"):
        yield ["cl", "/nologo", "/O2", "/LD", str(SOURCE), f"/Fe{made}"]
    if find_spec("ziglang"):
        yield [sys.executable, "-m", "ziglang", "cc", *_OPTIONS, "-o", str(made), str(SOURCE)]


def _attempt(command: Sequence[str], made: Path, scratch: str) -> str | None:
    """Why the command made no library that loads; None if it did."""
    made.unlink(missing_ok=True)
    try:
        done = subprocess.run(command, cwd=scratch, capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode or not made.exists():
        text = (done.stderr or done.stdout).decode(errors="replace").strip()
        return text.splitlines()[0] if text else f"exit code {done.returncode}"
    # Loaded in a process of its own: a library of the wrong kind must not end the installer.
    probe = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1]).curator_shingle", str(made)]
    if subprocess.run(probe, capture_output=True, timeout=60, check=False).returncode:
        return "the library does not load"
    return None


def _put(made: Path, folder: Path) -> Path:
    """Moves the library to its place in one step, so that nobody loads half of it, and removes outdated ones."""
    target = folder / made.name
    beside = folder / f"{made.name}.{os.getpid()}"
    shutil.copy(made, beside)
    beside.replace(target)
    for old in folder.glob(f"kernels_*{_SUFFIX}"):
        if old != target:
            try:
                old.unlink()
            except OSError:  # another process has it loaded (Windows); it is never looked for again
                continue
    return target


def main() -> int:
    """Builds beside the source and says how it went."""
    try:
        made = build(SOURCE.parent)
        ctypes.CDLL(str(made))
    except (BuildError, OSError) as error:
        print(f"no compiled kernels: {error}. Everything works without them, but slower.", file=sys.stderr)
        return 3
    print(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
