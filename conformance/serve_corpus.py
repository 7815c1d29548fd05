"""Serves every model of a corpus and asks it with the official stubs. Usage: python conformance/serve_corpus.py FOLDER [NAME ...]

FOLDER has a folder per model, as `node conformance/corpus.ts` takes it. Prints a line per model; exits with 1 if any answer
differs from the expected one. Only the newest version is served, so cases for others are left out and counted.
"""

import base64
import json
import sys
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from server import UNLIMITED, serving

TIMEOUT_SECONDS = 120


def array(folder: Path, described: dict) -> np.ndarray:
    dtype = tf.as_dtype(described["dtype"])
    shape = described["shape"]
    if dtype == tf.string:
        values = [base64.b64decode(v["b64"]) if isinstance(v, dict) else v.encode() for v in described["values"]]
        return np.array(values + [b""], object)[:-1].reshape(shape)
    numpy = dtype.as_numpy_dtype
    if "file" in described:
        return np.frombuffer((folder / described["file"]).read_bytes(), numpy).reshape(shape)
    values = described["values"]
    if dtype.is_complex:
        parts = np.array([float(v) for v in values], np.float64).reshape(-1, 2)
        return (parts[:, 0] + 1j * parts[:, 1]).astype(numpy).reshape(shape)
    if dtype.is_integer:
        return np.array([int(v) for v in values], numpy).reshape(shape)
    return np.array([v if isinstance(v, bool) else float(v) for v in values]).astype(numpy).reshape(shape)


def difference(key: str, got: np.ndarray, want: np.ndarray, case: dict) -> str | None:
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{key} is {got.dtype} {got.shape} instead of {want.dtype} {want.shape}"
    tolerance = case.get("tolerance") or {"rtol": 1e-4, "atol": 1e-5}
    limits = tolerance.get("by_output", {}).get(key, tolerance)
    inexact = want.dtype.kind in "fcV" or tf.as_dtype(want.dtype).is_floating
    if want.dtype == object or not (inexact or tolerance.get("loose_ints")):
        return None if np.array_equal(got, want) else f"{key} holds other values"
    wide = np.complex128 if want.dtype.kind == "c" else np.float64
    close = np.isclose(got.astype(wide), want.astype(wide), limits["rtol"], limits["atol"], equal_nan=True)
    return None if close.all() else f"{key} differs in {np.count_nonzero(~close)} of {close.size} elements"


def predict(stub: PredictionServiceStub, name: str, folder: Path, case: dict) -> dict[str, np.ndarray]:
    request = PredictRequest(output_filter=case.get("output_filter", []))
    request.model_spec.name = name
    request.model_spec.signature_name = case["signature"]
    for key, described in case["inputs"].items():
        dtype = tf.as_dtype(described["dtype"])
        request.inputs[key].CopyFrom(tf.make_tensor_proto(array(folder, described), dtype, described["shape"]))
    response: PredictResponse = stub.Predict(request, timeout=TIMEOUT_SECONDS)
    return {key: tf.make_ndarray(tensor) for key, tensor in response.outputs.items()}


def with_examples(request: ClassificationRequest | RegressionRequest, name: str, case: dict):
    request.model_spec.name = name
    request.model_spec.signature_name = case["signature"]
    for serialized in case["examples"]:
        request.input.example_list.examples.append(tf.train.Example.FromString(base64.b64decode(serialized)))
    return request


def classify(stub: PredictionServiceStub, name: str, case: dict) -> dict[str, np.ndarray]:
    request = with_examples(ClassificationRequest(), name, case)
    rows = [c.classes for c in stub.Classify(request, timeout=TIMEOUT_SECONDS).result.classifications]
    return {"classes": np.array([[c.label.encode() for c in row] for row in rows], object),
            "scores": np.array([[c.score for c in row] for row in rows], np.float32)}


def regress(stub: PredictionServiceStub, name: str, case: dict) -> dict[str, np.ndarray]:
    request = with_examples(RegressionRequest(), name, case)
    values = [r.value for r in stub.Regress(request, timeout=TIMEOUT_SECONDS).result.regressions]
    return {"outputs": np.array(values, np.float32)}


def ask(stub: PredictionServiceStub, name: str, folder: Path, case: dict) -> str | None:
    try:
        if case["method"] == "predict":
            outputs = predict(stub, name, folder, case)
        else:
            outputs = (classify if case["method"] == "classify" else regress)(stub, name, case)
    except grpc.RpcError as error:
        expected = case.get("error", {}).get("code")
        return None if error.code().name == expected else f"{error.code().name}: {error.details()}"
    if "error" in case:
        return f"answered where {case['error']['code']} was expected"
    for key, described in case["outputs"].items():
        if key not in outputs:
            return f"no output {key}"
        problem = difference(key, outputs[key], array(folder, described), case)
        if problem:
            return problem
    return None


def check(folder: Path) -> tuple[str, str]:
    """How a model fares (agree, differ or refused), and why."""
    name = folder.name
    tags = json.loads((folder / "model.json").read_text())["tags"]
    newest = max(int(entry.name) for entry in folder.iterdir() if entry.name.isdigit())
    cases = json.loads((folder / "cases.json").read_text())
    asked = [c for c in cases if c.get("version") in (None, newest, str(newest))]
    try:
        with serving(name, folder, f"--saved_model_tags={','.join(tags)}") as server:
            with grpc.insecure_channel(server.grpc, options=UNLIMITED) as channel:
                stub = PredictionServiceStub(channel)
                for i, case in enumerate(asked):
                    problem = ask(stub, name, folder, case)
                    if problem:
                        return "differ", f"case {i}: {problem}"
    except (RuntimeError, TimeoutError) as error:
        return "refused", str(error)
    return "agree", f"{len(asked)} of {len(cases)} cases"


def main(root: str, *names: str) -> int:
    counts = {"agree": 0, "differ": 0, "refused": 0}
    for folder in sorted(Path(root).iterdir()):
        description = folder / "model.json"
        if names and folder.name not in names or not description.exists():
            continue
        if json.loads(description.read_text())["platform"] != "tensorflow":
            continue
        verdict, why = check(folder)
        counts[verdict] += 1
        print(f"{verdict:8}{folder.name}: {why}", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["differ"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
