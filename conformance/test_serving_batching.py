"""Batched requests by the official stubs, with the model half_plus_two (y = 0.5 x + 2)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from rest import post
from server import MODEL, ROOT, UNLIMITED, Server, serving

TIMEOUT_SECONDS = 30
BASE_PATH = ROOT / "fixtures" / "models" / MODEL


@contextmanager
def batching(folder: Path, parameters: str, *flags: str) -> Iterator[tuple[Server, PredictionServiceStub]]:
    file = folder / "batching.config"
    file.write_text(parameters)
    flags = ("--enable_batching", f"--batching_parameters_file={file}", *flags)
    with serving(MODEL, BASE_PATH, *flags) as server:
        with grpc.insecure_channel(server.grpc, options=UNLIMITED) as channel:
            yield server, PredictionServiceStub(channel)


def request(x: float | list[float]) -> PredictRequest:
    made = PredictRequest()
    made.model_spec.name = MODEL
    made.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array(x, np.float32)))
    return made


def ask(stub: PredictionServiceStub, x: float | list[float], timeout: float = TIMEOUT_SECONDS) -> list[float]:
    return tf.make_ndarray(stub.Predict(request(x), timeout=timeout).outputs["y"]).tolist()


def test_each_of_many_requests_at_a_time_gets_its_own_answer(tmp_path: Path) -> None:
    parameters = """
        max_batch_size { value: 32 }
        batch_timeout_micros { value: 2000 }
        max_enqueued_batches { value: 1000 }
        num_batch_threads { value: 2 }
        allowed_batch_sizes: 8
        allowed_batch_sizes: 16
        allowed_batch_sizes: 32
    """
    asked = [[float(i + row) for row in range(1 + i % 7)] for i in range(600)]
    with batching(tmp_path, parameters) as (_, stub), ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda x: ask(stub, x), asked))
    assert answers == [[0.5 * value + 2 for value in x] for x in asked]


def test_a_request_larger_than_a_batch_is_refused_or_split(tmp_path: Path) -> None:
    x = [float(i) for i in range(11)]
    with batching(tmp_path, "max_batch_size { value: 10 }") as (_, stub):
        with pytest.raises(grpc.RpcError) as caught:
            ask(stub, x)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "Task size 11 is larger than maximum input batch size 10"
    split = """
        max_batch_size { value: 20 }
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 4 }
    """
    with batching(tmp_path, split) as (_, stub):
        assert ask(stub, x) == [0.5 * value + 2 for value in x]


def test_inputs_need_a_batch_dimension(tmp_path: Path) -> None:
    with batching(tmp_path, "") as (_, stub):
        with pytest.raises(grpc.RpcError) as caught:
            ask(stub, 1.0)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "Batching Run() input tensors must have at least one dimension"


def test_a_full_queue_is_unavailable_until_a_deadline_empties_it(tmp_path: Path) -> None:
    parameters = """
        max_batch_size { value: 2 }
        batch_timeout_micros { value: 60000000 }
        max_enqueued_batches { value: 1 }
    """
    with batching(tmp_path, parameters, "--request_workers=1") as (server, stub):
        waiting = stub.Predict.future(request([1.0]), timeout=1)
        time.sleep(0.3)
        with pytest.raises(grpc.RpcError) as caught:
            ask(stub, [1.0, 2.0])
        full = (
            "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued and "
            "max_enqueued_batches is 1"
        )
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNAVAILABLE, full)
        reply = post(server, f"/v1/models/{MODEL}:predict", {"instances": [1.0, 2.0]})
        assert (reply.status, reply.json) == (503, {"error": full})
        assert waiting.exception(TIMEOUT_SECONDS).code() == grpc.StatusCode.DEADLINE_EXCEEDED
        time.sleep(0.1)
        assert ask(stub, [1.0, 2.0]) == [2.5, 3.0]
