"""Which run folder a command works in: a new one, or one whose run was interrupted and goes on.

A run goes on only if it would be the same run: same config, same data, template, tokenizer and model. Whatever
differs is named. A finished run is never touched.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from curator.output import say
from trainer import processes
from trainer.config import Config, ConfigError, read_config, write_config
from trainer.errors import TrainerError
from trainer.record import ENDED, read_record

LOCK = ".lock"
# Where things are, not what they are: the dataset is compared by its hashes.
PLACES = {("data", "folder"), ("run", "out")}


@contextmanager
def claim(config: Config, hashes: Mapping[str, Any], out: Path | None) -> Iterator[Path]:
    """The run folder, with the resolved config in it, for as long as the block lasts; nobody else gets it meanwhile.

    `out` names it. Without, it is `<run.out>/<config>-<number>`: the newest, if that one was interrupted and is the
    same run, else a new one. Raises TrainerError if there is something else, or if another process works there.
    Of several processes that train together, the first claims it for all of them.
    """
    with ExitStack() as stack:
        folder = None
        if processes.is_first():
            try:
                folder = stack.enter_context(_claim(config, hashes, out))
            except TrainerError as error:
                processes.from_first(error)  # raises it, here and in the others
        yield processes.from_first(folder)


@contextmanager
def _claim(config: Config, hashes: Mapping[str, Any], out: Path | None) -> Iterator[Path]:
    folder = out or _unfinished(config, hashes) or _numbered(Path(config.run.out), config.name)
    if folder.exists() and (not folder.is_dir() or (_content(folder) and not is_unfinished(folder))):
        raise TrainerError(f"{folder}: is there already; give another --out, or remove it")
    with _locked(folder):
        if is_unfinished(folder):
            changed = differences(folder, config, hashes)
            if changed:
                listed = "\n".join(f"  {line}" for line in changed)
                raise TrainerError(
                    f"{folder}: holds an unfinished run that cannot go on, because this is not what it began with:\n"
                    f"{listed}\ngive back what was there to go on, or another --out to begin a new run"
                )
            done = ", ".join(read_record(folder).get("stages", {}))
            say(f"{folder}: going on with the run that was interrupted" + (f"; done: {done}" if done else ""))
        else:
            _write_config(folder, config)
        yield folder


def is_unfinished(folder: Path) -> bool:
    """Is this the folder of a run that began and did not end?"""
    return (folder / "config.toml").is_file() and read_record(folder).get("status") not in ENDED


def differences(folder: Path, config: Config, hashes: Mapping[str, Any]) -> list[str]:
    """What is not as it was when the run in `folder` began, one line each: values of the config, files of the data."""
    path = folder / "config.toml"
    try:
        began = read_config(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ConfigError) as error:
        return [f"{path} cannot be read: {error}"]
    changed = [
        f"{section.name}.{field.name}: was {old!r}, is {new!r}"
        for section in fields(Config)
        if section.name != "name"
        for field in fields(getattr(config, section.name))
        if (section.name, field.name) not in PLACES
        and (old := getattr(getattr(began, section.name), field.name))
        != (new := getattr(getattr(config, section.name), field.name))
    ]
    known = read_record(folder).get("hashes")
    if known is None:  # killed before anything was recorded, so nothing was trained on either
        return changed
    before = read_record(folder).get("processes", 1)
    if before != processes.count():
        changed.append(f"processes: were {before}, are {processes.count()}; rows would come in another order")
    if read_record(folder).get("divided", False) != processes.divide_the_model():
        was, now = ("FSDP", "no FSDP") if not processes.divide_the_model() else ("no FSDP", "FSDP")
        changed.append(f"launcher: was {was}, is {now}; they cannot read each other's checkpoints")
    files = {
        name: (known["files"].get(name), hashes["files"].get(name)) for name in {**known["files"], **hashes["files"]}
    }
    changed += [f"{name}: {_changed(old, new)}" for name, (old, new) in sorted(files.items()) if old != new]
    changed += [
        f"{what}: {_changed(known[what], hashes[what])}"
        for what in ("split", "template", "tokenizer", "model", "replay")
        if known.get(what) != hashes[what]
    ]
    return changed


def _changed(old: str | None, new: str | None) -> str:
    if old is None:
        return "was not in the dataset"
    if new is None:
        return "is no longer in the dataset"
    return f"changed (was {_short(old)}, is {_short(new)})"


def _short(digest: str) -> str:
    kind, _, value = digest.rpartition(":")
    return f"{kind or 'sha256'}:{value[:12]}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The system releases it when the process dies, however it dies."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainerError(f"{folder}: another process is training there; wait for it, or give another --out") from None
    except OSError as error:
        raise TrainerError(f"{folder}: cannot be written ({error.strerror}); give another --out") from None
    try:
        yield
    finally:
        lock.release()


def _write_config(folder: Path, config: Config) -> None:
    half = folder / "config.toml.part"
    try:
        half.write_text(write_config(config), encoding="utf-8")
        half.replace(folder / "config.toml")
    except OSError as error:
        raise TrainerError(f"{folder}: cannot be written ({error.strerror}); give another --out") from None


def _content(folder: Path) -> list[Path]:
    """What is in a folder, but for what a run that was killed at its very beginning leaves."""
    return [path for path in folder.iterdir() if path.name != LOCK and path.suffix != ".part"]


def _unfinished(config: Config, hashes: Mapping[str, Any]) -> Path | None:
    """The newest numbered folder, if the run in it was interrupted and is the same."""
    folders = _folders(Path(config.run.out), config.name)
    newest = folders[max(folders)] if folders else None
    if not newest or not is_unfinished(newest) or is_busy(newest):
        return None
    changed = differences(newest, config, hashes)
    if not changed:
        return newest
    listed = "\n".join(f"  {line}" for line in changed)
    say(f"{newest}: its run was interrupted and is left alone, because this is not what it began with:\n{listed}")
    return None


def is_busy(folder: Path) -> bool:
    """Is a process training in this run folder just now?"""
    try:
        with _locked(folder):
            return False
    except TrainerError:
        return True


def _numbered(root: Path, name: str) -> Path:
    """`root/name-1`, or the next number after those that are there."""
    return root / f"{name}-{max(_folders(root, name), default=0) + 1}"


def _folders(root: Path, name: str) -> dict[int, Path]:
    found = {path: re.fullmatch(rf"{re.escape(name)}-(\d+)", path.name) for path in root.glob(f"{name}-*")}
    return {int(match[1]): path for path, match in found.items() if match}
