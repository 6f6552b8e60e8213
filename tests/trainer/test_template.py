"""One template in three languages: tokenizer, GGUF and Modelfile give the same bytes for the same conversation."""

import http.client
import json
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer import tiny
from tests.trainer.go_template import modelfile, render
from tests.trainer.llama import embedded, served
from trainer.model import load_tokenizer
from trainer.tokens import (
    END_OF_DOCUMENT,
    GO_TEMPLATE,
    INFERENCE_TEMPLATE,
    MODELFILE_TEMPLATE,
    START,
    STOP,
    apply_template,
)

pytestmark = pytest.mark.train

MESSAGES = [
    {"role": "system", "content": "You write BBj."},
    {"role": "user", "content": 'Print "ä {{ x }}" and\n\n  a second line.\n'},
    {"role": "assistant", "content": 'print "ä"'},
    {"role": "user", "content": "Again."},
]
RENDERED = (
    "<|im_start|>system\nYou write BBj.<|im_end|>\n"
    '<|im_start|>user\nPrint "ä {{ x }}" and\n\n  a second line.\n<|im_end|>\n'
    '<|im_start|>assistant\nprint "ä"<|im_end|>\n'
    "<|im_start|>user\nAgain.<|im_end|>\n"
    "<|im_start|>assistant\n"
)


def go(template: str, messages: list[dict[str, str]]) -> str:
    return render(template, {"Messages": [{"Role": m["role"], "Content": m["content"]} for m in messages]})


@pytest.fixture(scope="module")
def tokenizer():
    return apply_template(tiny.tokenizer())


@pytest.mark.parametrize(
    ("template", "expected"),
    [  # from the documentation of Go's text/template, and one for each construct used here
        ("{{ .A }} < {{- .B }}", "23<45"),
        ("{{ .A -}} < {{- .B }}", "23<45"),
        ("a\n{{ range .L }}[{{ .X }}]\n{{ end }}b\n", "a\n[1]\n[2]\nb\n"),
        ("{{ range .E }}x{{ end }}", ""),
    ],
)
def test_the_renderer_follows_go(template, expected):
    values = {"A": 23, "B": 45, "L": [{"X": 1}, {"X": 2}], "E": []}
    assert render(template, values).replace("23 <", "23<") == expected
    with pytest.raises(ValueError, match="unknown action"):
        render("{{ if .A }}", values)


def test_tokenizer_gguf_and_modelfile_render_the_same_bytes(tokenizer, tmp_path):
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_chat_template(INFERENCE_TEMPLATE)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    in_gguf = gguf.GGUFReader(path).get_field("tokenizer.chat_template").contents()
    in_modelfile, _ = modelfile(MODELFILE_TEMPLATE)
    texts = [
        tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True),
        tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True, chat_template=in_gguf),
        go(in_modelfile, MESSAGES),
    ]
    assert [text.encode() for text in texts] == [RENDERED.encode()] * 3


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()), min_size=1, max_size=4))
def test_jinja_and_go_agree_whatever_is_said(turns):
    import jinja2

    messages = [{"role": role, "content": content} for role, content in turns]
    # As transformers and llama.cpp set it up: blocks take the line feed behind them.
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    jinja = environment.from_string(INFERENCE_TEMPLATE).render(messages=messages, add_generation_prompt=True)
    assert jinja == go(GO_TEMPLATE, messages)


def test_the_modelfile_stops_where_the_evaluation_does():
    template, stops = modelfile(MODELFILE_TEMPLATE)
    assert template == GO_TEMPLATE and '"""' not in template
    assert stops == [START, STOP, END_OF_DOCUMENT]


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="needs xllamacpp")
def test_llama_cpp_renders_the_template_out_of_a_gguf_file_as_the_tokenizer_does(tmp_path):
    from trainer.config import Config

    path = with_our_template(tmp_path)
    with asked(path) as ask:
        assert ask("/props")["chat_template"] == INFERENCE_TEMPLATE  # and not the one llama.cpp would guess
        prompt = ask("/apply-template", {"messages": MESSAGES})["prompt"]
        assert prompt.encode() == RENDERED.encode()
        # and it reads the rendered text as the same tokens
        ids = ask("/tokenize", {"content": RENDERED, "parse_special": True, "add_special": False})["tokens"]
    tokenizer = load_tokenizer(Config())
    assert ids == tokenizer.apply_chat_template(MESSAGES, add_generation_prompt=True, return_dict=True)["input_ids"]


@contextmanager
def asked(path):
    """llama.cpp's server with that model; gives a function that asks it."""

    def ask(place, question=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        if question is None:
            connection.request("GET", place)
        else:
            connection.request("POST", place, json.dumps(question), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())

    with served(path) as port:
        yield ask


def with_our_template(folder):
    """The embedded model's GGUF with our template in its metadata."""
    from gguf import GGUFReader, GGUFValueType, GGUFWriter

    reader = GGUFReader(embedded())
    path = folder / "ours.gguf"
    writer = GGUFWriter(path, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "tokenizer.chat_template"):
            continue
        kind, *inner = field.types
        writer.add_key_value(field.name, field.contents(), kind, inner[-1] if kind == GGUFValueType.ARRAY else None)
    writer.add_chat_template(INFERENCE_TEMPLATE)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
