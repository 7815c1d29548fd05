"""ProfilerService, asked by TensorFlow's own profiler client, and what it makes, read by TensorBoard's profile plugin."""

import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.profiler import profiler_client
from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

import grpc
from server import MODEL, Server

PREDICT = "/tensorflow.serving.PredictionService/Predict"


@pytest.fixture
def busy(channel: grpc.Channel):
    """Someone asks the server without a pause."""
    stub = PredictionServiceStub(channel)
    request = PredictRequest(model_spec=ModelSpec(name=MODEL))
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.ones(3, np.float32)))
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            stub.Predict(request)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def trace(server: Server, busy: None, tmp_path: Path) -> Path:
    profiler_client.trace(server.grpc, str(tmp_path), 1000)
    [found] = tmp_path.glob("plugins/profile/*/*.xplane.pb")
    return found


def test_a_trace_has_the_requests_and_the_functions_of_each_worker(trace: Path) -> None:
    [plane] = XSpace.FromString(trace.read_bytes()).planes
    assert plane.name == "/host:CPU"
    names = {event_id: metadata.name for event_id, metadata in plane.event_metadata.items()}
    requests = [line for line in plane.lines if line.name.endswith(": requests")]
    events = [event for line in requests for event in line.events]
    assert {names[event.metadata_id] for event in events} == {PREDICT}
    assert len(events) > 20
    assert all(0 < event.duration_ps < 1e12 for event in events)
    functions = {names[e.metadata_id] for line in plane.lines if "functions" in line.name for e in line.events}
    assert any("predict" in name for name in functions), functions


def test_the_profile_plugin_opens_it(trace: Path) -> None:
    convert = pytest.importorskip("xprof.convert.raw_to_tool_data", reason="pip install xprof, for its converter")
    data, content_type = convert.xspace_to_tool_data([str(trace)], "trace_viewer@", {})
    assert content_type == "application/json"
    assert PREDICT.encode() in data


def test_the_load_is_told(server: Server, busy: None) -> None:
    text = profiler_client.monitor(server.grpc, 500, 2)
    assert f"{PREDICT}: " in text
    assert "request worker 0: busy" in text
