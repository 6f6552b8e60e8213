"""Imports point one way, and the quick commands load nothing heavy. Each case runs in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "curator").rglob("*.py")
    if not {"tui", "commands"} & set(path.parts) and path.name not in ("__init__.py", "cli.py")
)
# The near-duplicate engine is NumPy through and through; others import it inside the function that needs it.
NUMERIC = {
    *(f"curator.similarity.{name}"
      for name in ("cluster", "cluster_stages", "exact", "fallback", "join", "kernels", "lsh", "sets", "twins")),
    *(f"curator.near.{name}" for name in ("build", "corpus", "files", "index", "log", "query")),
}  # fmt: skip
HEAVY = {"textual", "numpy", "datasketch", "torch", "transformers"}


def loaded(code: str) -> set[str]:
    """The top-level and second-level modules that are loaded after running `code`."""
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    names = done.stdout.split()
    return {n.split(".")[0] for n in names} | {".".join(n.split(".")[:2]) for n in names}


def test_the_core_imports_neither_a_front_end_nor_the_trainer():
    front_ends = {"click", "textual", "rich", "trainer", "curator.cli", "curator.tui"}
    found = loaded("\n".join(f"import {name}" for name in CORE if name not in NUMERIC))
    assert not found & (front_ends | HEAVY)
    assert not loaded("\n".join(f"import {name}" for name in sorted(NUMERIC))) & (front_ends | HEAVY - {"numpy"})


@pytest.mark.parametrize("package", ["curator", "trainer"])
def test_importing_a_package_loads_nothing_else(package):
    assert not loaded(f"import {package}") & (HEAVY | {"click", "yaml", "jsonschema"})


COMMANDS = {
    "curator --help": ("curator.cli", "cli", ["--help"]),
    "curator validate": ("curator.cli", "cli", ["validate", "--compiler", "builtin", "training-data"]),
    "curator check": ("curator.cli", "cli", ["check", "--compiler", "builtin", "tests/data/valid"]),
    "bbj-curator --help": ("curator.tui.main", "cli", ["--help"]),
    "trainer --help": ("trainer.cli", "cli", ["--help"]),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_quick_commands_load_nothing_heavy(name):
    module, group, arguments = COMMANDS[name]
    found = loaded(
        f"import io, contextlib\nfrom curator.cli import run\nfrom {module} import {group}\n"
        f"with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        f"    assert run({group}, 'x', {arguments!r}) == 0"
    )
    assert not found & HEAVY


def test_the_commands_do_not_import_the_app():
    everything = "\n".join(
        f"import curator.commands.{path.stem}" for path in (ROOT / "curator/commands").glob("[a-z]*.py")
    )
    found = loaded(f"import curator.cli\n{everything}")
    assert "curator.commands" in found and "curator.tui" not in found


def test_the_trainer_uses_only_the_parts_of_the_curator_that_it_may():
    allowed = {"chatml", "bbj", "judge", "dataset", "similarity", "errors", "diagnostic", "output", "schema",
               "cli", "corpus", "codes", "labels", "fences", "near"}  # fmt: skip
    for path in (ROOT / "trainer").rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            words = line.split()
            if line.lstrip().startswith(("from curator", "import curator")):
                if words[1] == "curator":
                    names = [part.split()[0] for part in line.split(" import ")[1].split(",")]
                else:
                    names = [words[1].split(".")[1]]
                assert set(names) - {"__version__"} <= allowed, f"{path}: {line}"
