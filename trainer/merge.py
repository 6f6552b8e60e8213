"""Folds a run's adapter into its base model, once, at the end: a plain model that every tool loads.

The base is loaded without quantisation, also if it was trained on in 4 bit: merged into 4-bit weights, what was
learnt would be rounded away. Merging is checked: the merged model must say what base and adapter say together.

Try it: trainer merge runs/smollm2-135m-1
"""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from curator.output import say
from trainer.config import Config
from trainer.errors import TrainerError
from trainer.model import (
    last_adapter,
    load_architecture,
    load_base,
    load_tokenizer,
    model_hash,
    public_name,
    run_config,
)
from trainer.record import read_record
from trainer.tokens import INFERENCE_TEMPLATE

FOLDER = "merged"
SMALL_GB = 4.0
"""Up to this size `run.merge = "auto"` merges: seconds and little memory. A 14B model takes 30 GB of each kind."""

# Weights are rounded to the model's type when the adapter is added to them: 0.024 of the spread of the logits on the
# embedded model in bfloat16. What is badly wrong (another scale, not a number) is far above this.
MAX_DIFFERENCE = 0.1

PROMPTS = (
    'rem Ask for a name\ninput "Name: ",name$\nprint ',
    "class public Customer\n    field private BBjString name!\n    method public ",
    "<|im_start|>user\nRead a record with the key K$ from channel 1.<|im_end|>\n<|im_start|>assistant\n",
    "rem Open a window\nsysgui=unt\nopen (sysgui)",
)


def wanted(config: Config) -> bool:
    """Does this run end with a merged model? Says so if the model is too large for that to be done unasked."""
    if config.run.merge != "auto":
        return config.run.merge == "yes"
    size = gigabytes(config)
    if size > SMALL_GB:
        say(f"the adapter is not merged: the model has {size:.0f} GB; `trainer merge` does it when you want it")
    return size <= SMALL_GB


def gigabytes(config: Config) -> float:
    """The size of the unquantised base model, counted without loading a weight."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(load_architecture(config))
    weights = {id(parameter): parameter.numel() for parameter in model.parameters()}  # tied ones once
    return sum(weights.values()) * (2 if config.model.dtype == "bfloat16" else 4) / 1e9


def merge(run_folder: Path, out: Path | None = None) -> Path:
    """Write base + last adapter of a run to `out` (its folder `merged/`), with tokenizer; returns that folder.

    `merge.json` in it says what it was made of and how far its logits are from those of base and adapter. The folder
    appears by one rename. Raises TrainerError if it is there, does not agree or cannot be written, TrainerMissingError
    if the run has no adapter.
    """
    target = out or run_folder / FOLDER
    if target.exists():
        raise TrainerError(f"{target}: is there already; remove it, or give another --out")
    record = read_record(run_folder)
    config = _same_base(run_config(run_folder), record)
    adapter = last_adapter(run_folder)
    half = target.with_name(f"{target.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    from safetensors import SafetensorError

    try:
        half.mkdir(parents=True)
        model, agreement = merged_model(config, adapter)
        model.save_pretrained(half)
        for weights in half.glob("*.safetensors"):
            shutil.copymode(half / "config.json", weights)  # safetensors writes files that only their owner reads
        tokenizer = load_tokenizer(config)
        tokenizer.chat_template = INFERENCE_TEMPLATE  # the same text, without the tags only training understands
        tokenizer.save_pretrained(half)
        made_of = {
            "base_model": public_name(config),
            "model_revision": config.model.revision,
            "stage": adapter.name,
            "dtype": config.model.dtype,
            "dataset": record.get("hashes", {}).get("dataset"),
            **agreement,
        }
        (half / "merge.json").write_text(json.dumps(made_of, indent=2) + "\n", encoding="utf-8")
        half.rename(target)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise TrainerError(
            f"{target}: cannot be written: {reason}. The model takes {gigabytes(config):.1f} GB; free space or give "
            "another --out. The adapter is safe in the run folder"
        ) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return target


def merged_model(config: Config, adapter: Path) -> tuple[Any, dict[str, float]]:
    """The merged model, on the CPU, and how it agrees with base and adapter; see `agreement`."""
    import torch
    from peft import PeftModel

    plain = replace(config, model=replace(config.model, quantization="none"))
    # On the CPU: the unquantised base need not fit into the GPU that its 4-bit form was trained on.
    model = PeftModel.from_pretrained(load_base(plain, on_cpu=True), str(adapter)).eval()
    tokenizer = load_tokenizer(config)
    rows = [torch.tensor([tokenizer(prompt)["input_ids"]]) for prompt in PROMPTS]
    with torch.no_grad():
        before = [model(ids).logits[0].float() for ids in rows]  # each (T, V)
        merged = model.merge_and_unload(safe_merge=True).eval()
        after = [merged(ids).logits[0].float() for ids in rows]
    agreed = agreement(torch.cat(before), torch.cat(after))
    if not agreed["logits_difference"] <= MAX_DIFFERENCE:
        raise TrainerError(
            f"{adapter}: the merged model's logits differ by {agreed['logits_difference']:.2f} of their spread from "
            f"those of base and adapter (allowed: {MAX_DIFFERENCE}): the merge is wrong; use both as they are"
        )
    return merged, agreed


def _same_base(config: Config, record: dict[str, Any]) -> Config:
    """The config with the revision that was trained on. Raises TrainerError if a local model is another one by now."""
    known = record.get("hashes", {}).get("model")
    if known and known != model_hash(config):
        raise TrainerError(
            f"{config.model.name}: not the model that this run was trained on (its files differ); an adapter fits only "
            "its own base"
        )
    revision = record.get("model_revision") or config.model.revision
    return replace(config, model=replace(config.model, revision=revision))


def agreement(before: Any, after: Any) -> dict[str, float]:
    """Two sets of logits, (T, V): mean distance as a share of their spread; how often the first token is the same."""
    distance = (before - after).abs().mean() / before.std()
    same = (before.argmax(-1) == after.argmax(-1)).float().mean()
    return {"logits_difference": _rounded(distance.item()), "same_first_token": _rounded(same.item())}


def _rounded(value: float) -> float:
    return round(value, 6) if math.isfinite(value) else value
