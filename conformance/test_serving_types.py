"""Every dtype there and back, by the official stubs and by JSON, with a model of identities."""

from collections.abc import Iterator

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from rest import post
from server import Server, started_server

MODEL = "every_type"
TIMEOUT_SECONDS = 30
# The field that holds a dtype's values, and two of them.
FIELDS: dict[str, tuple[str, list[object]]] = {
    **{name: ("int_val", [1, 2]) for name in ("uint8", "int16", "uint16", "quint8", "quint16", "qint16")},
    **{name: ("int_val", [-1, 2]) for name in ("int32", "int8", "qint8", "qint32")},
    "float32": ("float_val", [1.5, -2.0]),
    "float64": ("double_val", [1.5, -2.0]),
    "string": ("string_val", [b"a", b"\xff"]),
    "complex64": ("scomplex_val", [1.0, 2.0, 3.0, 4.0]),
    "complex128": ("dcomplex_val", [1.0, 2.0, 3.0, 4.0]),
    "int64": ("int64_val", [2**62, -1]),
    "bool": ("bool_val", [True, False]),
    "bfloat16": ("half_val", [16256, 16384]),
    "float16": ("half_val", [15360, 16384]),
    "uint32": ("uint32_val", [1, 2**32 - 1]),
    "uint64": ("uint64_val", [1, 2**64 - 1]),
}
# How TensorFlow calls what JSON can't give.
NOT_IN_JSON = {
    "float16": "half",
    **{
        name: name
        for name in (
            *("bfloat16", "uint16", "complex64", "complex128"),
            *("qint8", "quint8", "qint16", "quint16", "qint32"),
        )
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started_server(MODEL) as running:
        yield running


def tensor(name: str, shape: list[int]) -> TensorProto:
    field, values = FIELDS[name]
    proto = TensorProto(dtype=tf.as_dtype(name).as_datatype_enum)
    proto.tensor_shape.SetInParent()
    count = 2 if name.startswith("complex") else 1
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
        count *= size
    getattr(proto, field).extend(values[:count])
    return proto


@pytest.mark.parametrize("shape", [[2], [], [0], [1, 2]], ids=str)
@pytest.mark.parametrize("name", FIELDS)
def test_every_type_over_grpc(server: Server, name: str, shape: list[int]) -> None:
    request = PredictRequest(inputs={"x": tensor(name, shape)})
    request.model_spec.name, request.model_spec.signature_name = MODEL, name
    with grpc.insecure_channel(server.grpc) as channel:
        response = PredictionServiceStub(channel).Predict(request, timeout=TIMEOUT_SECONDS)
    assert response.outputs["y"] == request.inputs["x"]


@pytest.mark.parametrize("name", FIELDS)
def test_every_type_over_rest(server: Server, name: str) -> None:
    value: object = {"string": "a", "bool": True}.get(name, 1)
    rows, columns = (
        post(server, f"/v1/models/{MODEL}:predict", {"signature_name": name, key: [value]})
        for key in ("instances", "inputs")
    )
    if name in NOT_IN_JSON:
        error = f"Conversion of JSON Value: 1 to type: {NOT_IN_JSON[name]}"
        in_row = f"Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: {error}"
        assert [rows.status, rows.json] == [400, {"error": in_row}]
        assert [columns.status, columns.json] == [501, {"error": error}]
    else:
        assert [rows.status, rows.json] == [200, {"predictions": [value]}]
        assert [columns.status, columns.json] == [200, {"outputs": [value]}]
