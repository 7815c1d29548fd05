"""SessionService, asked by the official stubs. Expected values: y = 0.5 x + 2."""

from collections.abc import Callable

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.named_tensor_pb2 import NamedTensorProto
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.apis.session_service_pb2 import SessionRunRequest, SessionRunResponse

from server import MODEL

SESSION_RUN = "/tensorflow.serving.SessionService/SessionRun"
SessionRun = Callable[[SessionRunRequest], SessionRunResponse]
X = np.array([1.0, 2.0, 5.0], np.float32)
Y = 0.5 * X + 2


def named(name: str) -> NamedTensorProto:
    return NamedTensorProto(name=name, tensor=tf.make_tensor_proto(X))


@pytest.fixture(scope="module")
def session_run(channel: grpc.Channel) -> SessionRun:
    """The package has the messages, but no stub."""
    return channel.unary_unary(
        SESSION_RUN,
        request_serializer=SessionRunRequest.SerializeToString,
        response_deserializer=SessionRunResponse.FromString,
    )


@pytest.fixture(scope="module")
def names(channel: grpc.Channel) -> tuple[str, str]:
    """The tensors behind the default signature's x and y."""
    request = GetModelMetadataRequest(model_spec=ModelSpec(name=MODEL), metadata_field=["signature_def"])
    reply = PredictionServiceStub(channel).GetModelMetadata(request)
    signatures = SignatureDefMap()
    reply.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    return signature.inputs["x"].name, signature.outputs["y"].name


def test_tensors_of_the_graph_are_fed_and_fetched(
    session_run: SessionRun, names: tuple[str, str], version: int
) -> None:
    x, y = names
    for feed, fetch in ((x, [y]), (x.split(":")[0], [y, y.split(":")[0]])):
        request = SessionRunRequest(model_spec=ModelSpec(name=MODEL), feed=[named(feed)], fetch=fetch)
        reply = session_run(request)
        assert [tensor.name for tensor in reply.tensor] == fetch
        for tensor in reply.tensor:
            np.testing.assert_array_equal(tf.make_ndarray(tensor.tensor), Y)
        assert (reply.model_spec.name, reply.model_spec.version.value) == (MODEL, version)


def test_names_may_be_those_of_the_signature(session_run: SessionRun) -> None:
    request = SessionRunRequest(
        model_spec=ModelSpec(name=MODEL), feed=[named("x")], fetch=["y"], tensor_name_is_alias=True
    )
    [tensor] = session_run(request).tensor
    np.testing.assert_array_equal(tf.make_ndarray(tensor.tensor), Y)


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"fetch": []}, grpc.StatusCode.INVALID_ARGUMENT, "Must specify at least one target to fetch or execute."),
        ({"fetch": ["nothing:0"]}, grpc.StatusCode.UNIMPLEMENTED, "none of half_plus_two takes"),
        ({"feed": [], "fetch": ["nothing:0"]}, grpc.StatusCode.UNIMPLEMENTED, "There are: "),
        ({"target": ["init"]}, grpc.StatusCode.UNIMPLEMENTED, "runs no targets"),
        ({"model_spec": ModelSpec(name="other")}, grpc.StatusCode.NOT_FOUND, "Servable not found"),
        ({"model_spec": None}, grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec"),
    ],
)
def test_what_can_t_be_run_is_said(
    session_run: SessionRun, names: tuple[str, str], change: dict, code: grpc.StatusCode, text: str
) -> None:
    x, y = names
    fields = {"model_spec": ModelSpec(name=MODEL), "feed": [named(x)], "fetch": [y], **change}
    with pytest.raises(grpc.RpcError) as refused:
        session_run(SessionRunRequest(**fields))
    assert refused.value.code() == code
    assert text in refused.value.details()
