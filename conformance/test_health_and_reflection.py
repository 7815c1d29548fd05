"""grpc.health.v1 and grpc.reflection, asked by the official Python packages."""

import signal
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tensorflow_serving.apis import predict_pb2

from server import MODEL, ROOT, serving

SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture(scope="module")
def checked() -> Iterator[grpc.Channel]:
    flag = "--enable_grpc_healthcheck_service"
    with serving(MODEL, ROOT / "fixtures" / "models" / MODEL, flag) as server:
        with grpc.insecure_channel(server.grpc) as channel:
            yield channel


def test_health_of_the_server_and_its_model(checked: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(checked)
    for name in ("", "tensorflow.serving.PredictionService", MODEL):
        assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == SERVING, name
    with pytest.raises(grpc.RpcError) as refused:
        health.Check(health_pb2.HealthCheckRequest(service="nothing"))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_is_watched(checked: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(checked)
    for name, status in ((MODEL, SERVING), ("nothing", health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)):
        watch = health.Watch(health_pb2.HealthCheckRequest(service=name))
        assert next(watch).status == status
        watch.cancel()


def test_health_turns_when_the_server_drains() -> None:
    flag = "--enable_grpc_healthcheck_service"
    with serving(MODEL, ROOT / "fixtures" / "models" / MODEL, flag) as server:
        with grpc.insecure_channel(server.grpc) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=MODEL))
            assert next(watch).status == SERVING
            server.process.send_signal(signal.SIGTERM)
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            with pytest.raises(grpc.RpcError) as ended:
                next(watch)
            assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
            assert server.process.wait(10) == 0


def test_health_isn_t_served_unless_asked_for(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_client_learns_the_api_by_reflection(checked: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(checked)
    assert {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    } <= set(database.get_services())
    service = DescriptorPool(database).FindServiceByName("tensorflow.serving.PredictionService")
    learned = GetMessageClass(service.methods_by_name["Predict"].input_type)
    request = learned()
    request.model_spec.name = "m"
    request.inputs["x"].float_val.append(2.5)
    assert predict_pb2.PredictRequest.FromString(request.SerializeToString()).inputs["x"].float_val == [2.5]
