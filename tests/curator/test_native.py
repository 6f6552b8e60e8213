"""The compiled kernels: how they are built and found, and that their hashes are the published ones."""

import os
import random
import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.similarity import fallback, kernels, sets, shingles
from curator.similarity.native import build, library

COMPILER = next((c for c in ("cc", "gcc", "clang", "cl") if shutil.which(c)), None)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_the_hashes_of_a_text_are_those_of_its_shingles(text):
    expected = sorted({shingles.hash64(shingle.encode()) for shingle in shingles.of(text)})
    assert shingles.hashes(text).tolist() == expected
    assert sets.of_text(text).tolist() == expected
    assert fallback.shingle(*sets._encoded([text]))[0].tolist() == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("aB_9 -\nö", max_size=200), max_size=8))
def test_texts_in_one_call_do_not_touch_each_other(texts):
    together, sizes = kernels.shingle(*sets._encoded(texts))
    assert together.tolist() == [value for text in texts for value in shingles.hashes(text)]
    assert sizes.tolist() == [len(shingles.hashes(text)) for text in texts]
    plain, plain_sizes = fallback.shingle(*sets._encoded(texts))
    assert (plain == together).all() and (plain_sizes == sizes).all()


@pytest.mark.parametrize("length", [*range(1, 20), 63, 64, 65, 127, 128, 129, 1000])
def test_tokens_of_any_length_at_any_place_are_hashed_alike(length):
    rng = random.Random(length)
    for start in (0, 1, 7, 8, 60, 63, 64):
        text = (
            " " * start + "".join(rng.choice("abcXYZ_09") for _ in range(length)) + rng.choice(["", ".", " b c d e f"])
        )
        assert sets.of_text(text).tolist() == shingles.hashes(text).tolist()


def test_the_documented_example_is_true():
    (value,) = shingles.hashes("PRINT a$, b$")
    assert f"{value:016x}" in (build.SOURCE.parents[3] / "docs" / "dedupe.md").read_text("utf-8")


def test_the_c_source_repeats_the_published_constants():
    source = build.SOURCE.read_text("utf-8")
    for name in ("TOKEN_FACTOR", "RUN_FACTOR", "LAST_FACTOR"):
        assert int(re.search(rf"{name} = (0x\w+?)u;", source)[1], 16) == getattr(shingles, name)
    assert f"SIZE = {shingles.SIZE} " in source


def test_the_library_names_its_source_so_that_a_stale_one_is_not_loaded(tmp_path, monkeypatch):
    before = build.library_name()
    changed = tmp_path / "kernels.c"
    changed.write_bytes(build.SOURCE.read_bytes() + b"\n")
    monkeypatch.setattr(build, "SOURCE", changed)
    assert build.library_name() != before
    library.load.cache_clear()
    assert library.load() is None
    library.load.cache_clear()


@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
def test_a_new_library_replaces_the_outdated_one(tmp_path):
    outdated = tmp_path / f"kernels_000000000000_x{build._SUFFIX}"
    outdated.write_bytes(b"")
    made = build.build(tmp_path)
    assert list(tmp_path.iterdir()) == [made]
    assert made.name == build.library_name()


def test_without_a_compiler_the_reason_is_given_and_the_numpy_way_is_announced(tmp_path):
    path = {"PATH": str(tmp_path), "CC": "no-such-compiler", "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}
    script = (
        "import sys; sys.modules['ziglang'] = None\n"
        "from pathlib import Path\nfrom curator.similarity.native import build, library\n"
        "build.find_spec = lambda name: None\n"
        "try: build.build(Path(sys.argv[1]))\nexcept build.BuildError as error: print(error)\n"
        "print(library.notice())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        env={**path, "CURATOR_NATIVE": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True, cwd=build.SOURCE.parents[3],
    )  # fmt: skip
    reason, notice = done.stdout.strip().splitlines()
    assert "no C compiler found" in reason
    assert "python -m curator.similarity.native.build" in notice


@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
def test_a_library_that_does_not_compile_says_what_the_compiler_said(tmp_path, monkeypatch):
    broken = tmp_path / "kernels.c"
    broken.write_text("int f( {\n")
    monkeypatch.setattr(build, "SOURCE", broken)
    with pytest.raises(build.BuildError, match=r"error|expected"):
        build.build(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["kernels.c"]
