"""What goes wrong with the model hub, with its real client against a server that answers as the hub does."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("transformers")

from trainer.errors import TrainerMissingError
from trainer.hub import from_hub

pytestmark = pytest.mark.train

ANSWERS = {
    "token": (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
    "unknown": (401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}),
    "gated": (403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model is restricted"}),
    "revision": (404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"}),
    "teapot": (418, {}),
}


class Answer(BaseHTTPRequestHandler):
    """Answers as the first part of the path says."""

    def do_HEAD(self):
        code, headers = ANSWERS[self.path.split("/")[2]]
        self.send_response(code)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub on this machine, as the client's own settings name it; its address."""
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at(monkeypatch, tmp_path, f"http://127.0.0.1:{server.server_port}")
    yield constants.ENDPOINT
    server.shutdown()
    server.server_close()


def at(monkeypatch, cache, address):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_token")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def load(name, revision, local_files_only):
    """What transformers does for each file of a model."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(name, revision=revision, local_files_only=local_files_only)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("maker/token", "the hub refuses the token; correct HF_TOKEN, or unset it"),
        ("maker/unknown", "the hub has no such model, or it is private; check model.name"),
        ("maker/gated", "want their terms to be accepted"),
        ("maker/revision", 'it has no revision "v9"; correct model.revision'),
        ("maker/teapot", "the hub answers with 418"),
    ],
)
def test_what_the_hub_refuses_is_said_with_its_cure(hub, name, said):
    with pytest.raises(TrainerMissingError) as error:
        from_hub(name, "v9", load)
    assert str(error.value).startswith(f'cannot load the model "{name}": ') and said in str(error.value)


def test_without_a_connection_nothing_is_tried_for_long_and_the_way_without_a_network_is_named(monkeypatch, tmp_path):
    at(monkeypatch, tmp_path, "http://127.0.0.1:9")  # a port that nobody listens on
    asked = []

    def loading(name, revision, local_files_only):
        asked.append(local_files_only)
        return load(name, revision, local_files_only)

    with pytest.raises(TrainerMissingError, match=r"no connection to http://127\.0\.0\.1:9.*set model\.name to that"):
        from_hub("maker/model", "", loading)
    assert asked == [True]


def test_a_model_in_the_cache_needs_no_connection(monkeypatch, tmp_path):
    at(monkeypatch, tmp_path, "http://127.0.0.1:9")
    assert from_hub("maker/model", "", lambda name, revision, local_files_only: name) == "maker/model"
