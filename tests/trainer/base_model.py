"""A tiny Qwen2 as its base models are: untied, and with chat tokens that look like the rows no token has."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.trainer import small, tiny
from trainer.config import Config, Data, Lora, Model, Probe, Stage, StopTest

UNUSED = 61
CHAT_TOKENS = [1, 2]  # <|im_start|>, <|im_end|> of tiny.tokenizer()


def base_model(untrained: bool = True, tied: bool = False) -> Any:
    """Random weights. Untrained rows are alike, as after a pretraining in which they never occurred: short in the
    embedding, and in the head all pushed the same way, since every position pushes all absent tokens alike.
    """
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    vocabulary = len(tiny.tokenizer().get_vocab())
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=vocabulary + UNUSED,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            tie_word_embeddings=tied,
            initializer_range=0.2,
        )
    )
    never = list(range(vocabulary, vocabulary + UNUSED)) + (CHAT_TOKENS if untrained else [])
    with torch.no_grad():
        head = model.get_output_embeddings().weight
        head[never] = -0.1 * torch.ones(64)
        if not tied:
            model.get_input_embeddings().weight[never] *= 0.05
    return model.eval()


def config(root: Path, chat_tokens: str, **model: bool) -> Config:
    """A run of stage 2 only on such a model, with answers so short that it has learnt to end them in seconds."""
    folder = root / "model"
    if not folder.exists():
        base_model(**model).save_pretrained(folder)
        tiny.tokenizer().save_pretrained(folder)
        rows = [tiny.conversation(f"strings/row-{n}", f"Is {n} even?", "print 1") for n in range(48)]
        for row in rows:
            row["messages"][-1]["content"] = "yes"
            row["messages"][0]["content"] = "BBj"
        small.dataset(root / "dataset", train=rows[:40], validation=rows[40:])
    return replace(
        Config(),
        name="base",
        model=Model(name=str(folder), public_name="tiny/base", dtype="float32"),
        lora=Lora(rank=8, alpha=16, dropout=0.0, chat_tokens=chat_tokens),  # type: ignore[arg-type]
        data=Data(folder=str(root / "dataset"), general=""),
        stage1=Stage(enabled=False),
        stage2=Stage(max_length=128, epochs=5.0, batch_size=4, learning_rate=1e-2, evaluations=2, schedule="linear"),
        stop_test=StopTest(prompts=6, tokens=12, min_share=0.8),
        probe=Probe(files=0),
        run=replace(Config().run, threads=1, log_every=10, merge="yes"),
    )
