"""A small dataset folder in the format of `curator convert`, and a config that trains a random model on it quickly."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.trainer import tiny
from trainer.config import Config, Data, Model, Stage, StopTest

PROGRAM = 'rem Count to {n}\nfor i=1 to {n}\n    print "line {n}",i\nnext i\nend\n'


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Conversations whose answers all differ."""
    return [
        tiny.conversation(f"strings/count-{n}", f"Count to {n}", PROGRAM.format(n=n), "completion")
        for n in range(first, first + count)
    ]


def documents(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows of stage 1: programs of different lengths."""
    return [
        {
            "id": f"raw/{n}",
            "text": PROGRAM.format(n=n) * (1 + n % 4),
            "source": "corpus",
            "license": "MIT",
            "cluster": f"raw/{n}",
        }
        for n in range(first, first + count)
    ]


def dataset(folder: Path, **files: list[dict[str, Any]]) -> Path:
    """A dataset folder with its manifest. `files`: other rows for a file, by name without `.jsonl`, `-` as `_`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "train": rows(8),
        "validation": rows(3, 100),
        "test": rows(2, 200),
        "pretrain": documents(12),
        "pretrain_validation": documents(3, 100),
        **files,
    }
    manifest: dict[str, Any] = {"format": 1, "created_by": "a test", "files": {}, "corpus_commit": None}
    for name, lines in content.items():
        data = "".join(json.dumps(row) + "\n" for row in lines).encode()
        file = f"{name.replace('_', '-')}.jsonl"
        (folder / file).write_bytes(data)
        manifest["files"][file] = {"rows": len(lines), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["content_hash"] = hashlib.sha256(json.dumps(manifest["files"]).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def model_folder(folder: Path, kind: str = "llama") -> Path:
    """A saved random model with a byte tokenizer: Llama, or Qwen2 with a head of its own, as the large Qwens have."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    if kind == "llama":
        model = tiny.model()
    else:
        torch.manual_seed(0)
        model = Qwen2ForCausalLM(
            Qwen2Config(
                vocab_size=259,
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=4096,
                tie_word_embeddings=False,
            )
        )
    model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder


def config(root: Path, kind: str = "llama") -> Config:
    """A config for a random model and a small dataset, both made in `root`; two steps to a stage."""
    stage = Stage(max_length=512, max_steps=2, batch_size=2, evaluations=1, learning_rate=1e-3)
    return replace(
        Config(),
        model=Model(name=str(model_folder(root / "model", kind)), public_name="tiny/random", dtype="float32"),
        data=Data(folder=str(dataset(root / "dataset")), general=""),
        stop_test=StopTest(prompts=0),
        stage1=replace(stage, packing="bfd_split"),
        stage2=stage,
        run=replace(Config().run, log_every=1, threads=1),
        name="tiny",
    )
