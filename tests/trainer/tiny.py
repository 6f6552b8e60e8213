"""A whole run folder in miniature: a random two-layer model with a byte tokenizer, an adapter, a dataset, metrics.

Made in two seconds and loaded by the same code as a real one; what it answers is noise.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer.config import Config, Data, Model, write_config
from trainer.tokens import END_OF_DOCUMENT, START, STOP


def tokenizer(*more: str) -> Any:
    """Bytes as tokens, and the three special ones; `more` special tokens behind them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: at for at, token in enumerate([END_OF_DOCUMENT, START, STOP, *letters, *more])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token=STOP,
        pad_token=END_OF_DOCUMENT,
        additional_special_tokens=[START, *more],
    )


def model(seed: int = 0) -> Any:
    """Random weights; wide initial values, so that its replies differ from prompt to prompt."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=259,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=0.6,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


def run_folder(root: Path) -> Path:
    """model/, dataset/ and run/ in `root`; returns run/."""
    from peft import LoraConfig, get_peft_model

    base = model()
    base.save_pretrained(root / "model")
    tokenizer().save_pretrained(root / "model")
    run = root / "run"
    adapted = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
    adapted.save_pretrained(run / "stage2")
    dataset(root / "dataset")
    config = replace(
        Config(),
        model=Model(name=str(root / "model"), dtype="float32"),
        data=Data(folder=str(root / "dataset")),
    )
    (run / "config.toml").write_text(write_config(config), encoding="utf-8")
    record = {"base_model": "tiny/random", "seed": 3, "minutes": 0.1, "hashes": {"dataset": "sha256:d"}}
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    metrics = [
        {"stage": stage, "step": step, key: 3.0 - step / 10}
        for stage in ("stage1", "stage2")
        for step in (1, 2, 3)
        for key in ("loss", "eval_loss")
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in metrics), encoding="utf-8")
    return run


def dataset(folder: Path, *programs: str) -> Path:
    """A dataset folder whose training rows have these programs as answers."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [conversation(f"strings/row-{at}", f"Write program {at}", p) for at, p in enumerate(programs)]
    rows.append(conversation("strings/hello", "Greet the whole world", 'print "hello, whole wide world"'))
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    raw = {"id": "raw/one", "text": "rem Nothing to see here, move along please\n", "cluster": "raw/one"}
    (folder / "pretrain.jsonl").write_text(json.dumps(raw) + "\n", encoding="utf-8")
    return folder


def conversation(key: str, question: str, code: str, kind: str = "completion") -> dict[str, Any]:
    """A row of a dataset."""
    return {
        "id": key,
        "messages": [
            {"role": "system", "content": "You write BBj."},
            {"role": "user", "content": question},
            {"role": "assistant", "content": f"```bbj\n{code}\n```\n\nDone."},
        ],
        "generation": ["all"],
        "type": kind,
        "difficulty": "basic",
        "topic": key.split("/")[0],
        "source": "corpus",
        "cluster": key,
    }
