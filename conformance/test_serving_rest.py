"""REST by plain HTTP against a running server with the model half_plus_two (y = 0.5 x + 2)."""

import gzip
import json

import pytest

from rest import get, post
from server import MODEL, Server, started_server

MODEL_PATH = f"/v1/models/{MODEL}"
PREDICT = f"{MODEL_PATH}:predict"

PREDICTIONS = {
    "rows": ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
    "rows with the input's name": (
        {"instances": [{"x": 1.0}, {"x": 2.0}]},
        {"predictions": [2.5, 3.0]},
    ),
    "columns": ({"inputs": [1.0, 2.0, 5.0]}, {"outputs": [2.5, 3.0, 4.5]}),
    "columns with the input's name": ({"inputs": {"x": [1.0, 2.0]}}, {"outputs": [2.5, 3.0]}),
    "a signature": (
        {"signature_name": "serving_default", "instances": [1.0]},
        {"predictions": [2.5]},
    ),
    "an integer for a float": ({"instances": [1, 2]}, {"predictions": [2.5, 3.0]}),
}

BAD_REQUESTS = {
    "no JSON": (b'{"instances": [1.0', ""),
    "no JSON object": (b"[1.0]", ""),
    "neither rows nor columns": ({}, ""),
    "both rows and columns": ({"instances": [1.0], "inputs": [1.0]}, ""),
    "a string for a float": ({"instances": ["one"]}, ""),
    "ragged rows": ({"instances": [[1.0], [1.0, 2.0]]}, ""),
    "an unknown input": ({"instances": [{"nope": 1.0}]}, ""),
    "an unknown signature": (
        {"signature_name": "nope", "instances": [1.0]},
        'Serving signature name: "nope" not found in signature def',
    ),
}


@pytest.mark.parametrize(("body", "expected"), PREDICTIONS.values(), ids=PREDICTIONS.keys())
def test_predict(server: Server, body: object, expected: object) -> None:
    reply = post(server, PREDICT, body)
    assert (reply.status, reply.json) == (200, expected)
    assert reply.headers.get_content_type() == "application/json"


def test_floats_are_written_as_floats(server: Server) -> None:
    body = post(server, PREDICT, {"inputs": [2.0, 14000000.0, 17999996.0]}).body
    numbers = body.split("[")[1].split("]")[0].split(",")
    assert [number.strip() for number in numbers] == ["3.0", "7000002.0", "9e+06"]


def test_predict_on_a_given_version(server: Server, version: int) -> None:
    reply = post(server, f"{MODEL_PATH}/versions/{version}:predict", {"instances": [1.0]})
    assert (reply.status, reply.json) == (200, {"predictions": [2.5]})


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_the_content_type_does_not_matter(server: Server, content_type: str) -> None:
    reply = post(server, PREDICT, {"instances": [1.0]}, {"Content-Type": content_type})
    assert (reply.status, reply.json) == (200, {"predictions": [2.5]})


def test_predict_with_a_compressed_body(server: Server) -> None:
    body = gzip.compress(json.dumps({"instances": [1.0] * 1000}).encode())
    reply = post(server, PREDICT, body, {"Content-Encoding": "gzip"})
    assert (reply.status, reply.json) == (200, {"predictions": [2.5] * 1000})


def test_a_reply_is_not_compressed(server: Server) -> None:
    reply = post(server, PREDICT, {"instances": [1.0] * 1000}, {"Accept-Encoding": "gzip"})
    assert reply.headers.get("Content-Encoding") is None
    assert reply.json == {"predictions": [2.5] * 1000}


@pytest.mark.parametrize(("body", "error"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_request(server: Server, body: object, error: str) -> None:
    reply = post(server, PREDICT, body)
    assert (reply.status, list(reply.json)) == (400, ["error"])
    assert reply.json["error"] and error in reply.json["error"]


def test_predict_on_an_unknown_model(server: Server) -> None:
    reply = post(server, "/v1/models/nope:predict", {"instances": [1.0]})
    assert (reply.status, reply.json) == (404, {"error": "Servable not found for request: Latest(nope)"})


def test_predict_on_an_unknown_version(server: Server, version: int) -> None:
    unknown = version + 1000
    reply = post(server, f"{MODEL_PATH}/versions/{unknown}:predict", {"instances": [1.0]})
    error = f"Servable not found for request: Specific({MODEL}, {unknown})"
    assert (reply.status, reply.json) == (404, {"error": error})


@pytest.mark.parametrize("suffix", ["", "/versions/{version}"])
def test_status(server: Server, version: int, suffix: str) -> None:
    reply = get(server, MODEL_PATH + suffix.format(version=version))
    assert reply.status == 200
    assert list(reply.json) == ["model_version_status"]
    assert {
        "version": str(version),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    } in reply.json["model_version_status"]


def test_status_of_an_unknown_model(server: Server) -> None:
    reply = get(server, "/v1/models/nope")
    assert (reply.status, list(reply.json)) == (404, ["error"])
    assert "nope" in reply.json["error"]


@pytest.mark.parametrize("suffix", ["", "/versions/{version}"])
def test_metadata(server: Server, version: int, suffix: str) -> None:
    reply = get(server, f"{MODEL_PATH}{suffix.format(version=version)}/metadata")
    assert reply.status == 200
    assert reply.json["model_spec"] == {"name": MODEL, "signature_name": "", "version": str(version)}
    signature = reply.json["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert {name: info["dtype"] for name, info in signature["inputs"].items()} == {"x": "DT_FLOAT"}
    assert {name: info["dtype"] for name, info in signature["outputs"].items()} == {"y": "DT_FLOAT"}


def test_an_unknown_path_below_v1(server: Server) -> None:
    reply = get(server, "/v1/nope")
    assert (reply.status, list(reply.json)) == (400, ["error"])


def test_inputs_of_another_shape_than_declared() -> None:
    """As TensorFlow Serving's docs send them: its half_plus_two declares [?,1]."""
    with started_server("half_plus_two_column") as server:
        path = "/v1/models/half_plus_two_column:predict"
        assert post(server, path, {"instances": [1.0, 2.0, 5.0]}).json == {"predictions": [2.5, 3.0, 4.5]}
        assert post(server, path, {"inputs": 4.0}).json == {"outputs": 4.0}
