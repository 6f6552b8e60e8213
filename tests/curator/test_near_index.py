"""The live index: exact against brute force, whole after damage, in step with the corpus, safe with two processes."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator import corpus
from curator.example import parse
from curator.near import corpus as near_corpus
from curator.near import files as near_files
from curator.near.answers import AT_LEAST, FEWEST_SHINGLES, NEAR, Neighbour
from curator.near.index import MANY, Document, NearIndex
from curator.similarity import shingles
from curator.similarity.sets import of_text

WORDS = ["open", "close", "read", "write", "print", "input", "key", "record", "channel", "mask", "date", "total",
         "customer", "order", "invoice", "stock"]  # fmt: skip


def texts(count: int, seed: int = 7) -> dict[str, str]:
    """Seeded documents of 40 words by name, half of them copies of an earlier one with a few words changed."""
    rng = random.Random(seed)
    made: dict[str, str] = {}
    for number in range(count):
        if number % 2 and made:
            words = made[rng.choice(sorted(made))].split()
            for _ in range(rng.randrange(4)):
                words[rng.randrange(len(words))] = rng.choice(WORDS) + str(rng.randrange(50))
        else:
            words = [rng.choice(WORDS) + str(rng.randrange(50)) for _ in range(40)]
        made[f"d{number:03}"] = " ".join(words)
    return made


EXAMPLE = """---
title: Add {name}
type: completion
generation: all
---

## Code

```bbj
rem Add {name}
{lines}
```

## Expected Output

A number

## Explanation

It adds.
"""


def example(name: str, seed: int) -> str:
    rng = random.Random(seed)
    lines = "\n".join(f"let {rng.choice(WORDS)}{rng.randrange(99)} = {rng.randrange(99)} + {name}" for _ in range(12))
    return EXAMPLE.format(name=name, lines=lines)


def brute(documents: dict[str, str], draft: str, at_least: float = AT_LEAST) -> list[Neighbour]:
    """What comparing the draft with every document, as sets of strings, says."""
    own = shingles.of(draft)
    if len(own) < FEWEST_SHINGLES:
        return []
    all_of_them = [
        Neighbour(path, shingles.jaccard(own, other), shingles.containment(own, other))
        for path, other in ((path, shingles.of(text)) for path, text in documents.items())
    ]
    return sorted((n for n in all_of_them if n.containment >= at_least), key=lambda n: n.rank())


def filled(folder: Path | None, documents: dict[str, str]) -> NearIndex:
    index = NearIndex(folder)
    index.rebuild(Document(path, of_text(text)) for path, text in documents.items())
    return index


def corpus_of(folder: Path, count: int) -> Path:
    root = folder / "training-data"
    for number in range(count):
        corpus.write(root / "strings" / f"e{number:03}.md", example(f"thing{number}", number))
    return root


def opened(root: Path, folder: Path) -> NearIndex:
    index = near_corpus.open_index(root, folder)
    near_corpus.refresh(index, root)
    return index


def age(root: Path, seconds: float = 60) -> None:
    """Let the files look older than what the index does not trust."""
    then = time.time() - seconds
    for path in root.rglob("*.md"):
        os.utime(path, (then, then))


# ---------------------------------------------------------------------- exact

small_texts = st.lists(st.text("abc \n", max_size=60), max_size=14)


@settings(max_examples=40, deadline=None)
@given(small_texts, st.integers(0, 14), st.sets(st.integers(0, 13)), st.integers(1, 20))
def test_answers_are_those_of_brute_force_wherever_a_document_is_kept(tmp_path_factory, drafts, split, dropped, limit):
    documents = {f"d{number}": text for number, text in enumerate(drafts)}
    index = filled(tmp_path_factory.mktemp("index"), {f"d{n}": drafts[n] for n in range(min(split, len(drafts)))})
    for number, text in list(enumerate(drafts))[split:]:
        index.put(f"d{number}", text)
    for number in dropped:
        index.drop(f"d{number}")
        documents.pop(f"d{number}", None)
    assert len(index) == len(documents)
    for draft in drafts:
        assert index.query(draft, limit) == brute(documents, draft)[:limit]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 300))
def test_near_duplicates_are_found_however_small_the_budget(tmp_path_factory, seed, budget):
    documents = texts(40, seed)
    header = " ".join(f"licence{n}" for n in range(60))  # in every document: the shingles no search can start from
    documents = {path: f"{header} {text}" for path, text in documents.items()}
    index = filled(tmp_path_factory.mktemp("index"), documents)
    index.budget = budget
    for draft in list(documents.values())[::7]:
        strong = [n for n in brute(documents, draft) if n.similarity >= NEAR]
        assert index.query(draft, 60)[: len(strong)] == strong


def test_a_near_duplicate_is_not_pushed_out_by_documents_that_hold_all_of_the_draft(tmp_path):
    draft = " ".join(f"word{n}" for n in range(40))
    large = {f"large{n}": f"{draft} {' '.join(f'other{n}x{i}' for i in range(200))}" for n in range(8)}
    near = {"near": draft.replace("word20", "changed")}
    found = filled(tmp_path, {**large, **near}).query(draft, 3)
    assert [n.path for n in found] == ["near", "large0", "large1"]
    assert found[0].similarity >= NEAR and found[1].containment == 1.0


def test_a_copied_beginning_is_seen_by_containment_before_the_draft_is_long(tmp_path):
    whole = " ".join(f"{word}{n}" for n in range(20) for word in WORDS)
    (found,) = filled(tmp_path, {"whole": whole}).query(" ".join(whole.split()[:20]))
    assert found.containment == 1.0 and found.similarity < 0.1


def test_a_draft_is_not_its_own_neighbour(tmp_path):
    documents = texts(20)
    index = filled(tmp_path, documents)
    for path, text in documents.items():
        rest = {p: t for p, t in documents.items() if p != path}
        assert index.query(text, 3, without=path) == brute(rest, text)[:3]


def test_an_index_without_documents_or_with_empty_ones_answers(tmp_path):
    assert filled(tmp_path / "a", {}).query(" ".join(WORDS)) == []
    assert filled(tmp_path / "b", {"empty": "", "one": "x"}).query(" ".join(WORDS)) == []


# ---------------------------------------------------------------------- kept on disk


def test_what_was_put_and_dropped_is_there_after_opening_again_and_after_a_merge(tmp_path):
    documents = texts(30)
    index = filled(tmp_path, documents)
    index.put("new ü", documents["d003"])
    index.put("d004", documents["d005"])
    index.drop("d006")
    expected = {**documents, "new ü": documents["d003"], "d004": documents["d005"]}
    del expected["d006"]

    def check(again: NearIndex) -> None:
        assert len(again) == len(expected)
        for draft in documents.values():
            assert again.query(draft, 50) == brute(expected, draft)

    check(NearIndex(tmp_path))
    assert NearIndex(tmp_path).rebuild()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g00000002", "writer.lock"]
    check(NearIndex(tmp_path))
    check(index)  # the one that was open sees it too


def test_many_changes_are_merged_by_tidying(tmp_path):
    index = filled(tmp_path, {"a": " ".join(WORDS)})
    index.apply(Document(f"d{n}", of_text(f"{n} " * 9)) for n in range(MANY + 1))
    index.tidy()
    assert index.generation is not None and index.generation.documents == MANY + 2


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [damaged, cut, Path.unlink])
@pytest.mark.parametrize("name", [*map(near_files.file_name, near_files.COLUMNS), near_files.HEADER])
def test_a_damaged_file_is_noticed_and_the_index_made_again(tmp_path, name, harm):
    root, folder = corpus_of(tmp_path, 5), tmp_path / "index"
    opened(root, folder)
    harm(folder / "g00000001" / name)
    assert len(near_corpus.open_index(root, folder)) == 0
    index = opened(root, folder)
    assert index.trouble == "" and len(index) == 5
    assert [p.name for p in folder.glob("g*")] == ["g00000002"]
    draft = shingles.example_text(corpus.read(root / "strings" / "e003.md"))
    assert index.query(draft)[0] == Neighbour((root / "strings" / "e003.md").as_posix(), 1.0, 1.0)


@pytest.mark.parametrize("change", [{"format": near_files.FORMAT + 1}, {"shingles": shingles.VERSION + 1}])
def test_an_index_of_another_version_is_made_again(tmp_path, change):
    root, folder = corpus_of(tmp_path, 3), tmp_path / "index"
    opened(root, folder)
    header = json.loads((folder / "g00000001" / near_files.HEADER).read_text()) | change
    header["crc32"] = near_files.header_crc({k: v for k, v in header.items() if k != "crc32"})
    (folder / "g00000001" / near_files.HEADER).write_text(json.dumps(header))
    assert "version" in near_corpus.open_index(root, folder).trouble
    assert len(opened(root, folder)) == 3


@pytest.mark.parametrize("kept", range(0, 400, 23))
def test_a_log_that_was_torn_loses_only_what_comes_after(tmp_path, kept):
    index = filled(tmp_path, {"a": " ".join(WORDS)})
    for number in range(3):
        index.put(f"new{number}", " ".join(reversed(WORDS)))
    log = tmp_path / "g00000001" / "changes.log"
    whole = log.read_bytes()
    log.write_bytes(whole[:kept])
    again = NearIndex(tmp_path)
    survivors = kept * 3 // len(whole)
    assert len(again) == 1 + survivors
    again.put("later", " ".join(reversed(WORDS)))
    assert [n.path for n in NearIndex(tmp_path).query(" ".join(reversed(WORDS)))] == [
        "later", *(f"new{n}" for n in range(survivors))
    ]  # fmt: skip


def test_a_byte_flipped_in_the_log_ends_it_there(tmp_path):
    index = filled(tmp_path, {})
    for number in range(3):
        index.put(f"new{number}", " ".join(WORDS))
    damaged(tmp_path / "g00000001" / "changes.log")
    assert [n.path for n in NearIndex(tmp_path).query(" ".join(WORDS))] == ["new0"]


def test_a_full_disk_leaves_the_answers_in_memory_and_the_old_files_as_they_are(tmp_path):
    index = filled(tmp_path, {"a": " ".join(WORDS)})
    before = (tmp_path / "g00000001" / near_files.HEADER).read_bytes()
    script = f"""
        import resource, signal
        from pathlib import Path
        from curator.near.index import NearIndex
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        index = NearIndex(Path({str(tmp_path)!r}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        index.put("b", {" ".join(WORDS)!r})
        assert not index.rebuild()
        print(index.trouble)
        print([n.path for n in index.query({" ".join(WORDS)!r})])
    """
    if sys.platform == "win32":
        pytest.skip("no limits of file sizes here")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert "cannot be written: File too large" in done.stdout and "['a', 'b']" in done.stdout
    assert (tmp_path / "g00000001" / near_files.HEADER).read_bytes() == before
    assert not list(tmp_path.glob(".new-*"))
    assert [n.path for n in NearIndex(tmp_path).query(" ".join(WORDS))] == ["a"]
    assert index.trouble == ""


# ---------------------------------------------------------------------- in step with the corpus


def test_several_processes_make_the_same_index_and_progress_is_told(tmp_path, monkeypatch):
    root = corpus_of(tmp_path, 5)
    age(root)
    alone = opened(root, tmp_path / "alone")
    monkeypatch.setattr(near_corpus, "PARALLEL_FROM", 2)
    monkeypatch.setattr(near_corpus, "_CHUNK", 2)
    told: list[tuple[str, int, int | None]] = []
    index = near_corpus.open_index(root, tmp_path / "several")
    near_corpus.refresh(index, root, progress=lambda *step: told.append(step), jobs=2)
    assert index.stamps() == alone.stamps() and told[-1] == ("indexed", 5, 5)


def test_only_what_changed_is_read_again(tmp_path):
    root, folder = corpus_of(tmp_path, 6), tmp_path / "index"
    age(root)
    index = near_corpus.open_index(root, folder)
    assert near_corpus.refresh(index, root) == near_corpus.Changes(6, 0)
    (root / "strings" / "e001.md").unlink()
    corpus.write(root / "strings" / "e002.md", example("another", 99))
    corpus.write(root / "strings" / "new.md", example("new", 100))
    again = near_corpus.open_index(root, folder)
    assert near_corpus.refresh(again, root) == near_corpus.Changes(2, 1)
    assert near_corpus.refresh(again, root) == near_corpus.Changes(0, 0)
    draft = shingles.example_text(corpus.read(root / "strings" / "e002.md"))
    assert again.query(draft)[0].path == (root / "strings" / "e002.md").as_posix()
    assert again.query(shingles.example_text(parse(example("thing1", 1)))) == []  # the one that was deleted
    assert index.query(draft)[0].similarity == 1.0  # the one that was open all the time has heard of it


def test_a_checkout_that_changes_only_times_reads_no_document_again(tmp_path):
    root, folder = corpus_of(tmp_path, 4), tmp_path / "index"
    age(root)
    opened(root, folder)
    age(root, 30)
    index = near_corpus.open_index(root, folder)
    assert near_corpus.refresh(index, root) == near_corpus.Changes(0, 0)
    known = {path: stamp.mtime_ns for path, stamp in near_corpus.open_index(root, folder).stamps().items()}
    assert known == {p.as_posix(): p.stat().st_mtime_ns for p in root.rglob("*.md")}


def test_a_change_within_the_tick_of_the_clock_is_noticed(tmp_path):
    root, folder = corpus_of(tmp_path, 2), tmp_path / "index"
    path = root / "strings" / "e000.md"
    index = opened(root, folder)
    then = path.stat()
    path.write_text(path.read_text().replace("Add", "Sub"))
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert near_corpus.refresh(index, root).read == 1


def test_a_file_that_cannot_be_read_is_reported_and_forgotten(tmp_path):
    root, folder = corpus_of(tmp_path, 3), tmp_path / "index"
    index = opened(root, folder)
    (root / "strings" / "e001.md").write_bytes(b"\xff")
    changes = near_corpus.refresh(index, root)
    assert [d.code for d in changes.unreadable] == ["E001"] and len(index) == 2


def test_the_index_of_a_corpus_is_in_the_cache_and_never_in_the_corpus(tmp_path, monkeypatch):
    monkeypatch.setenv(near_corpus.FOLDER_VARIABLE, str(tmp_path / "cache"))
    root = corpus_of(tmp_path, 2)
    before = sorted(root.rglob("*"))
    near_corpus.refresh(near_corpus.open_index(root), root)
    assert sorted(root.rglob("*")) == before
    assert list((tmp_path / "cache" / "near").iterdir()) == [near_corpus.index_folder(root)]
    assert near_corpus.index_folder(root) != near_corpus.index_folder(tmp_path)


# ---------------------------------------------------------------------- several processes

WRITER = """
import sys
from pathlib import Path
from curator.near.index import NearIndex
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
index = NearIndex(folder)
for number in range(count):
    index.put(f"{name}{number}", " ".join(f"{name}{number}word{i}" for i in range(20)))
    if number % 10 == 9:
        index.rebuild()
    print(number, flush=True)
print(index.flush(30), flush=True)
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_while_a_third_reads(tmp_path):
    reader = filled(tmp_path, {"a": " ".join(WORDS)})
    writers = [writer(tmp_path, name, 25) for name in ("x", "y")]
    while any(process.poll() is None for process in writers):
        assert [n.path for n in reader.query(" ".join(WORDS))] == ["a"]
    for process in writers:
        assert process.stdout is not None and process.stdout.read().split()[-1] == "True"
    assert len(reader) == 51
    for name in ("x", "y"):
        for number in range(25):
            draft = " ".join(f"{name}{number}word{i}" for i in range(20))
            assert reader.query(draft)[0] == Neighbour(f"{name}{number}", 1.0, 1.0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("lines", [1, 9, 14])
def test_a_killed_writer_holds_nothing_up_and_spoils_nothing(tmp_path, lines):
    filled(tmp_path, {"a": " ".join(WORDS)})
    process = writer(tmp_path, "x", 1000)
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.kill()
    process.wait()
    index = NearIndex(tmp_path)
    assert index.trouble == "" and len(index) >= 1 + lines
    assert index.rebuild(wait_s=1)
    index.put("b", " ".join(WORDS))
    assert [n.path for n in NearIndex(tmp_path).query(" ".join(WORDS))] == ["a", "b"]


def test_what_could_not_be_written_because_another_one_wrote_is_written_later(tmp_path):
    from curator.locking import try_lock

    index = filled(tmp_path, {"a": " ".join(WORDS)})
    held = try_lock(tmp_path / "writer.lock")
    assert held is not None
    index.put("b", " ".join(WORDS))
    assert [n.path for n in index.query(" ".join(WORDS))] == ["a", "b"]
    assert len(NearIndex(tmp_path)) == 1
    held.close()
    assert index.flush() and len(NearIndex(tmp_path)) == 2


def test_a_reader_lives_through_the_removal_of_the_cache(tmp_path):
    index = filled(tmp_path / "index", {"a": " ".join(WORDS)})
    shutil.rmtree(tmp_path / "index")
    assert [n.path for n in index.query(" ".join(WORDS))] == ["a"]
    index.put("b", " ".join(WORDS))
    assert [n.path for n in NearIndex(tmp_path / "index").query(" ".join(WORDS))] == ["a", "b"]


def test_two_processes_that_index_a_corpus_for_the_first_time_end_with_one_of_each(tmp_path):
    root, folder = corpus_of(tmp_path, 30), tmp_path / "index"
    script = (
        "import sys\nfrom pathlib import Path\nfrom curator.near import corpus as near_corpus\n"
        "index = near_corpus.open_index(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "near_corpus.refresh(index, Path(sys.argv[1]))\nprint(len(index), index.trouble)\n"
    )
    command = [sys.executable, "-c", script, root.as_posix(), str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == ["30", "30"]
    assert len(near_corpus.open_index(root, folder)) == 30


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_all_pages_of_an_opened_index_are_mapped_so_that_a_first_query_waits_for_none(tmp_path):
    texts = (f"{number} " + " ".join(f"w{number}x{i}" for i in range(300)) for number in range(99))
    NearIndex(tmp_path).rebuild(Document(f"d{number}", of_text(text)) for number, text in enumerate(texts))
    opened = NearIndex(tmp_path)
    assert opened.generation is not None
    keys = str(opened.generation.folder / "keys.u8")
    (mapping,) = [m for m in Path("/proc/self/smaps").read_text("utf-8").split("VmFlags") if keys in m]
    size, held = (int(re.search(rf"^{key}: +(\d+) kB", mapping, re.MULTILINE)[1]) for key in ("Size", "Rss"))
    assert held == size
