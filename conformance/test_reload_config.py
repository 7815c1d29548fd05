"""ModelService.HandleReloadConfigRequest and what it brings about, asked by the official stubs."""

from collections.abc import Iterator

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from server import ROOT, serving

MODELS = ROOT / "fixtures" / "models"
NOT_AVAILABLE = "which is not currently available for inference"


@pytest.fixture
def reloaded() -> Iterator[grpc.Channel]:
    """A server with the model `first`, whose configuration a test may change."""
    with serving("first", MODELS / "half_plus_two_tf1") as server:
        with grpc.insecure_channel(server.grpc) as channel:
            yield channel


def reload(channel: grpc.Channel, *models: str) -> int:
    """The code in the reply's status."""
    config = text_format.Parse(f"model_config_list {{ {' '.join(models)} }}", ModelServerConfig())
    request = ReloadConfigRequest(config=config)
    return ModelServiceStub(channel).HandleReloadConfigRequest(request, timeout=30).status.error_code


def model(name: str, folder: str, more: str = "") -> str:
    return f'config {{ name: "{name}" base_path: "{MODELS / folder}" model_platform: "tensorflow" {more} }}'


def ask(channel: grpc.Channel, spec: ModelSpec) -> tuple[float, int]:
    """What the model makes of 2, and the version that did."""
    request = PredictRequest(model_spec=spec)
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[2.0]], tf.float32))
    reply = PredictionServiceStub(channel).Predict(request)
    return float(tf.make_ndarray(reply.outputs["y"])[0, 0]), reply.model_spec.version.value


def test_another_configuration_takes_the_place_of_the_first(reloaded: grpc.Channel) -> None:
    assert ask(reloaded, ModelSpec(name="first")) == (3.0, 123)
    assert reload(reloaded, model("second", "half_plus_three_tf1"), model("third", "half_plus_two_tf1")) == 0
    assert ask(reloaded, ModelSpec(name="second")) == (4.0, 1)
    assert ask(reloaded, ModelSpec(name="third")) == (3.0, 123)
    with pytest.raises(grpc.RpcError) as gone:
        while True:
            ask(reloaded, ModelSpec(name="first"))
    assert gone.value.code() == grpc.StatusCode.NOT_FOUND
    states = ModelServiceStub(reloaded).GetModelStatus(GetModelStatusRequest(model_spec=ModelSpec(name="second")))
    assert [status.state for status in states.model_version_status] == [ModelVersionStatus.AVAILABLE]


def test_labels_are_given_to_versions_that_serve(reloaded: grpc.Channel) -> None:
    label = 'version_labels {{ key: "live" value: {} }}'
    assert reload(reloaded, model("first", "half_plus_two_tf1", label.format(123))) == 0
    assert ask(reloaded, ModelSpec(name="first", version_label="live")) == (3.0, 123)
    with pytest.raises(grpc.RpcError) as refused:
        reload(reloaded, model("first", "half_plus_two_tf1", label.format(7)))
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert NOT_AVAILABLE in refused.value.details()
    assert ask(reloaded, ModelSpec(name="first", version_label="live")) == (3.0, 123)


def test_what_can_t_be_taken_changes_nothing(reloaded: grpc.Channel) -> None:
    for models in (
        [model("a", "half_plus_two_tf1"), model("a", "half_plus_two_tf1")],
        ['config { name: "a" base_path: "relative" model_platform: "tensorflow" }'],
        [f'config {{ name: "a" base_path: "{MODELS}" }}'],
        [f'config {{ name: "a" base_path: "{MODELS}" model_platform: "other" }}'],
    ):
        with pytest.raises(grpc.RpcError) as refused:
            reload(reloaded, *models)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert ask(reloaded, ModelSpec(name="first")) == (3.0, 123)


def test_a_model_that_isn_t_there_is_named_and_others_are_served(reloaded: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        reload(reloaded, model("missing", "no_such_folder"), model("second", "half_plus_three_tf1"))
    assert refused.value.code() == grpc.StatusCode.UNKNOWN
    assert "model(s) did not become available: {{missing due to error: " in refused.value.details()
    assert ask(reloaded, ModelSpec(name="second")) == (4.0, 1)
