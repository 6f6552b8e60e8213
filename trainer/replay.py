"""Replay: general code and chat mixed into a stage, so that learning BBj costs the model less of what it knew.

Even one percent lowers forgetting, 5 to 10 % are advised (arXiv 2403.08763, 2508.01908). What is replayed is the user's
choice, in `data.replay`; nothing that could be trained on comes with this package, and what does come with it
(trainer/general.jsonl) is only measured on.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.errors import TrainerError, TrainerMissingError
from trainer.hashes import hash_file, hash_text
from trainer.jsonl import read_lines, refuse
from trainer.tokens import Tokens, conversation_tokens, document_tokens

SOURCE = frozenset(
    f".{ending}"
    for ending in (
        *("c", "cc", "cpp", "cs", "css", "go", "h", "html", "java", "js", "json", "kt", "md", "php", "pl", "py", "r"),
        *("rb", "rs", "sh", "sql", "swift", "toml", "ts", "txt", "xml", "yaml", "yml"),
    )
)
"""Files read as one document each; others in a folder are no text and are left alone."""


def read_replay(paths: Sequence[str]) -> list[dict[str, Any]]:
    """All rows of the files and folders, in a stable order: each with "id" and either "text" or "messages".

    Raises:
        TrainerMissingError: a path does not exist.
        TrainerError: a file is not UTF-8, or a row of a JSONL has neither "text" nor "messages" with an answer.
    """
    rows: list[dict[str, Any]] = []
    for file, name in _files(paths):
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise TrainerError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8 or leave it out") from None
        rows += read_rows(text, str(file), name) if file.suffix == ".jsonl" else [{"id": name, "text": text}]
    return [row for row in rows if "messages" in row or row["text"].strip()]


def replay_hash(paths: Sequence[str]) -> str:
    """What identifies the content of the files, for the record; "" if there are none."""
    lines = [f"{name} {hash_file(file)}\n" for file, name in _files(paths)]
    return hash_text("".join(lines)) if lines else ""


def read_rows(text: str, path: str, name: str) -> list[dict[str, Any]]:
    """The rows of a JSONL; one without an id is called `name:line`. Raises TrainerError with all wrong lines."""
    rows, problems = read_lines(text, path, _wrong)
    refuse(problems)
    kept = [("messages" if _is_chat(row.get("messages")) else "text", number, row) for number, row in rows]
    return [{"id": str(row.get("id", f"{name}:{number}")), key: row[key]} for key, number, row in kept]


def row_tokens(tokenizer: Any, row: dict[str, Any]) -> Tokens:
    """A row as the model sees it: a conversation with loss on its answers, or a document with loss everywhere."""
    if "messages" in row:
        return conversation_tokens(tokenizer, row["messages"])
    return document_tokens(tokenizer, row["text"])


def choose(
    replay: Sequence[dict[str, Any]],
    share: float,
    beside: int,
    tokenizer: Any,
    *,
    chat: bool,
    longest: int | None,
    seed: int,
) -> tuple[list[dict[str, Any]], list[Tokens], dict[str, Any]]:
    """Rows that make up `share` of a stage with `beside` tokens of its own; their tokens, and the account of them.

    Args:
        chat: take conversations too, not only documents.
        longest: cut rows to this many tokens, where a stage cannot split them; None = leave them whole.
        seed: decides which rows are taken; a hash orders them, so that more material changes few of the choices.
    """
    wanted = beside * share / (1 - share)
    rows: list[dict[str, Any]] = []
    tokens: list[Tokens] = []
    taken = cut = 0
    for row in sorted(replay, key=lambda row: hashlib.sha256(f"{seed} {row['id']}".encode()).digest()):
        if taken >= wanted:
            break
        if "messages" in row and not chat:
            continue
        whole = row_tokens(tokenizer, row)
        used = whole if longest is None else whole.cut(longest)
        if not any(used.loss):
            continue  # all of its answer lies behind the cut
        cut += len(used.ids) < len(whole.ids)
        taken += len(used.ids)
        rows.append({**row, "type": "replay"})
        tokens.append(used)
    reached = taken / (taken + beside) if taken else 0.0
    account = {"rows": len(rows), "tokens": taken, "cut": cut, "share": round(reached, 4), "wanted_share": share}
    return rows, tokens, account


def _wrong(row: Any) -> str:
    if isinstance(row, dict) and (isinstance(row.get("text"), str) or _is_chat(row.get("messages"))):
        return ""
    return 'needs "text", or "messages" that end with an answer'


def _is_chat(messages: Any) -> bool:
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(isinstance(m, dict) and isinstance(m.get("content"), str) for m in messages)
        and all(m.get("role") in ("system", "user", "assistant") for m in messages)
        and messages[-1]["role"] == "assistant"
    )


def _files(paths: Sequence[str]) -> list[tuple[Path, str]]:
    """The files, each with a name that holds no path of this machine."""
    found = []
    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SOURCE | {".jsonl"})
            if not inside:
                raise TrainerMissingError(f"{path}: no JSONL and no source files in it; data.replay needs either")
            found += [(p, f"{path.name}/{p.relative_to(path).as_posix()}") for p in inside]
        elif path.is_file():
            found.append((path, path.name))
        else:
            raise TrainerMissingError(f"{path}: no such file or folder; data.replay names what is to be replayed")
    return found
