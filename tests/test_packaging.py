"""The wheel holds what the commands need, and both installs find the schemas."""

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from curator.similarity.native import build

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (made,) = out.glob("bbj_curator-*.whl")
    return made


def test_the_wheel_carries_schemas_styles_configs_and_cases(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    schemas = {f"curator/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    data = {
        path.relative_to(ROOT).as_posix()
        for folder in ("curator", "trainer")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".tcss", ".toml", ".jinja")
    }
    assert schemas | data <= names
    assert not any(name.startswith(("tests/", "training-data/")) for name in names)


def test_the_wheel_is_for_this_platform_if_it_carries_compiled_kernels(wheel):
    carried = [
        name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("curator/similarity/native/kernels_")
    ]
    if any(map(shutil.which, ("cc", "gcc", "clang", "cl"))):
        assert carried == [f"curator/similarity/native/{build.library_name()}"]
    assert wheel.name.endswith("-py3-none-any.whl") == (not carried)


def test_a_wheel_without_extras_is_a_working_curator_without_torch(wheel, tmp_path):
    """The wheel alone on the path of a fresh environment that sees this one's libraries, but not this checkout."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = next(p for p in (home / "bin" / "python", home / "Scripts" / "python.exe") if p.exists())
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for name in ("click", "frontmatter", "yaml", "_yaml", "jsonschema", "jsonschema_specifications", "referencing",
                 "rpds", "attr", "attrs", "typing_extensions.py"):  # fmt: skip
        found = [folder / name for folder in map(Path, sys.path) if (folder / name).exists()]
        package = next((path for path in found if path.is_dir() or path.suffix), None)  # not the script bin/jsonschema
        if package:
            (libraries / name).symlink_to(package)
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    script = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from curator import schema; print(schema.schema_folder())\n"
        "from curator.cli import cli, run; sys.exit(run(cli, 'curator', sys.argv[3:]))"
    )
    done = subprocess.run(
        [python, "-I", "-c", script, tmp_path / "installed", libraries, "validate", ROOT / "training-data", "--format",
         "json", "--compiler", "builtin"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    where, _, report = done.stdout.partition("\n")
    assert Path(where) == tmp_path / "installed" / "curator" / "schemas"
    assert {f["status"] for f in json.loads(report)["files"]} == {"valid"}


def test_an_editable_install_finds_the_schemas_beside_the_package():
    script = "from curator import schema; print(schema.schema_folder())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert Path(done.stdout.strip()) == ROOT / "schemas"


def test_everything_installed_is_pinned_in_the_constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    for name in ("torch", "transformers", "trl", "peft", "bitsandbytes", "textual", "datasketch", "jsonschema"):
        assert name in pinned
