"""Checkpoints that a served model writes, as TensorFlow reads them, and those that TensorFlow writes, as it is asked."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from server import ROOT, Server, serving

BASE = ROOT / "fixtures" / "file-ops" / "files"
WEIGHTS = np.float32([[1, 2, 3], [4, 5, 6]])


@pytest.fixture(scope="module")
def files() -> Iterator[Server]:
    with serving("files", BASE, "--allow_file_ops") as server:
        yield server


def ask(server: Server, signature: str, **inputs: object) -> object:
    body = json.dumps({"signature_name": signature, "inputs": inputs}).encode()
    url = f"http://{server.rest}/v1/models/files:predict"
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as reply:
        return json.load(reply)["outputs"]


def test_tensorflow_reads_what_a_model_saves(files: Server, tmp_path: Path) -> None:
    prefix = tmp_path / "made" / "checkpoint"
    prefix.parent.mkdir()
    assert ask(files, "save", prefix=str(prefix), rows=[[1, 2], [3, 4]]) == str(prefix)
    reader = tf.train.load_checkpoint(str(prefix))
    shapes = {"rows": [2, 2], "weights": [4, 3], "names": [3]}
    assert reader.get_variable_to_shape_map() == shapes
    np.testing.assert_array_equal(reader.get_tensor("rows"), np.float32([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(reader.get_tensor("weights"), np.concatenate([WEIGHTS, WEIGHTS * 10]))
    assert list(reader.get_tensor("names")) == [b"one", b"", b"three"]
    assert sorted(path.name for path in prefix.parent.iterdir()) == [
        "checkpoint.data-00000-of-00003",
        "checkpoint.data-00001-of-00003",
        "checkpoint.data-00002-of-00003",
        "checkpoint.index",
    ]


def test_a_model_restores_what_tensorflow_saves(files: Server, tmp_path: Path) -> None:
    model = tf.saved_model.load(str(BASE / "1"))
    prefix = str(tmp_path / "checkpoint")
    model.signatures["save"](prefix=tf.constant(prefix), rows=tf.constant([[7.0, 8.0]]))
    expected = model.signatures["restore"](prefix=tf.constant(prefix))
    answer = ask(files, "restore", prefix=prefix)
    assert isinstance(answer, dict)
    assert answer["rows"] == expected["rows"].numpy().tolist()
    assert answer["weights"] == expected["weights"].numpy().tolist()
    assert answer["names"] == [name.decode() for name in expected["names"].numpy()]


@pytest.mark.parametrize("path", ["/none/at/all", "/", "", "foo://bar"])
def test_errors_are_tensorflow_s(files: Server, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(files, "read", path=path)
    message = json.load(refused.value)["error"]
    with pytest.raises(tf.errors.OpError) as expected:
        tf.io.read_file(path)
    assert message.split("\n")[0] in expected.value.message


def test_it_isn_t_served_unless_it_may() -> None:
    with pytest.raises(RuntimeError, match="ended with code") as refused:
        with serving("files", BASE, "--max_num_load_retries=0"):
            pass
    assert "10 operations that read or write files: ReadFile (3 nodes" in refused.value.__notes__[0]
