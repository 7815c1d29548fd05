"""What TensorFlow Serving says of bad requests, word for word, with the model half_plus_two (y = 0.5 x + 2)."""

from collections.abc import Callable

import grpc
import pytest
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.types_pb2 import DT_DOUBLE, DT_FLOAT, DT_STRING, DataType
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from server import MODEL

TIMEOUT_SECONDS = 30
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
Ask = Callable[[grpc.Channel], object]


def predict(*names: str, dtype: DataType = DT_FLOAT, outputs: tuple[str, ...] = (), **spec: object) -> Ask:
    request = PredictRequest()
    request.model_spec.name = str(spec.pop("name", MODEL))
    request.model_spec.signature_name = str(spec.pop("signature", ""))
    for name in names:
        proto = TensorProto(dtype=dtype, **spec)
        proto.tensor_shape.dim.add(size=1)
        request.inputs[name].CopyFrom(proto)
    request.output_filter.extend(outputs)
    return lambda channel: PredictionServiceStub(channel).Predict(request, timeout=TIMEOUT_SECONDS)


def call(method: str, request: object) -> Ask:
    return lambda channel: getattr(PredictionServiceStub(channel), method)(request, timeout=TIMEOUT_SECONDS)


def multi(*tasks: tuple[str, str, str]) -> Ask:
    request = MultiInferenceRequest()
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = name, signature
    return call("MultiInference", request)


def classify(name: str, signature: str = "") -> Ask:
    request = ClassificationRequest()
    request.model_spec.name, request.model_spec.signature_name = name, signature
    return call("Classify", request)


def metadata(name: str, *fields: str) -> Ask:
    request = GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = name
    return call("GetModelMetadata", request)


def status(name: str, version: int | None = None) -> Ask:
    request = GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return lambda channel: ModelServiceStub(channel).GetModelStatus(request, timeout=TIMEOUT_SECONDS)


ERRORS: dict[str, tuple[Ask, grpc.StatusCode, str]] = {
    "predict without a model": (call("Predict", PredictRequest()), INVALID, "Missing ModelSpec"),
    "predict without a name": (predict(name=""), INVALID, "ModelSpec has no name specified."),
    "predict on an unknown model": (predict(name="x"), NOT_FOUND, "Servable not found for request: Latest(x)"),
    "predict with an unknown signature": (
        predict("x", signature="s"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "s" not found.',
    ),
    "predict without inputs": (
        predict(),
        INVALID,
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
    ),
    "predict with surplus inputs": (
        predict("x", "b", "a"),
        INVALID,
        "input size does not match signature: 3!=1 len({a,b,x}) != len({x}). Sent extra: {a,b}. Missing but required: {}.",
    ),
    "predict with another input": (
        predict("z"),
        INVALID,
        "input tensor alias not found in signature: z. Inputs expected to be in the set {x}.",
    ),
    "predict with a broken tensor": (predict("x", tensor_content=b"abc"), INVALID, "tensor parsing error: x"),
    "predict with an unknown output": (
        predict("x", outputs=("z",)),
        INVALID,
        "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
    ),
    "predict with an output twice": (
        predict("x", outputs=("y", "y")),
        INVALID,
        "duplicate output tensor alias: y",
    ),
    "predict with doubles": (
        predict("x", dtype=DT_DOUBLE),
        INVALID,
        "Expects arg[0] to be float but double is provided",
    ),
    "predict with strings": (
        predict("x", dtype=DT_STRING),
        INVALID,
        "Expects arg[0] to be float but string is provided",
    ),
    "classify without a model": (call("Classify", ClassificationRequest()), INVALID, "Missing ModelSpec"),
    "regress without a model": (call("Regress", RegressionRequest()), INVALID, "Missing ModelSpec"),
    "classify on an unknown model": (classify("x"), NOT_FOUND, "Servable not found for request: Latest(x)"),
    "classify with an unknown signature": (
        classify(MODEL, "s"),
        INVALID,
        "No signature was found with the name: s",
    ),
    "multi-inference without tasks": (multi(), INVALID, "ModelSpec has no name specified."),
    "multi-inference on two models": (
        multi((MODEL, "serving_default", "tensorflow/serving/predict"), ("x", "", "")),
        grpc.StatusCode.UNIMPLEMENTED,
        "Unsupported signature method_name: tensorflow/serving/predict",
    ),
    "multi-inference with an unknown signature": (
        multi((MODEL, "s", "tensorflow/serving/regress")),
        INVALID,
        "Requested signature not found in model graph: s",
    ),
    "metadata without a field": (
        metadata(MODEL),
        INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "metadata of another kind": (metadata(MODEL, "graph"), INVALID, "Metadata field %s is not supportedgraph"),
    "metadata of an unknown model": (
        metadata("x", "signature_def"),
        NOT_FOUND,
        "Servable not found for request: Latest(x)",
    ),
    "status of an unknown model": (status("x"), NOT_FOUND, "Could not find any versions of model x"),
    "status of an unknown version": (
        status(MODEL, 7),
        NOT_FOUND,
        f"Could not find version 7 of model {MODEL}",
    ),
}


@pytest.mark.parametrize(("ask", "code", "details"), ERRORS.values(), ids=ERRORS.keys())
def test_error(channel: grpc.Channel, ask: Ask, code: grpc.StatusCode, details: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel)
    assert (caught.value.code(), caught.value.details()) == (code, details)


def test_long_messages_are_cut(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        predict(name="m" * 2000)(channel)
    start = "Servable not found for request: Latest("
    assert caught.value.details() == start + "m" * (1024 - len(start)) + "...TRUNCATED"
