"""Classify, Regress and MultiInference by the official stubs, with the model half_plus_two_tf1 (y = 0.5 x + 2)."""

from collections.abc import Iterator

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.input_pb2 import Input
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from server import UNLIMITED, started_server

MODEL = "half_plus_two_tf1"
TIMEOUT_SECONDS = 30


@pytest.fixture(scope="module")
def stub() -> Iterator[PredictionServiceStub]:
    with started_server(MODEL) as server, grpc.insecure_channel(server.grpc, options=UNLIMITED) as channel:
        yield PredictionServiceStub(channel)


def example(**features: float) -> tf.train.Example:
    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def examples(*made: tf.train.Example) -> Input:
    request_input = Input()
    request_input.example_list.examples.extend(made)
    return request_input


def test_classify_gives_scores(stub: PredictionServiceStub) -> None:
    request = ClassificationRequest(input=examples(example(x=2.0), example(x=4.0)))
    request.model_spec.name, request.model_spec.signature_name = MODEL, "classify_x_to_y"
    response = stub.Classify(request, timeout=TIMEOUT_SECONDS)
    scores = [[c.score for c in row.classes] for row in response.result.classifications]
    assert scores == [[3.0], [4.0]]
    assert response.model_spec.signature_name == "classify_x_to_y"
    assert response.model_spec.version.value == 123


def test_regress_merges_the_context(stub: PredictionServiceStub) -> None:
    request = RegressionRequest()
    request.model_spec.name, request.model_spec.signature_name = MODEL, "regress_x_to_y"
    request.input.example_list_with_context.context.CopyFrom(example(x=10.0))
    request.input.example_list_with_context.examples.extend([example(), example(x=2.0)])
    response = stub.Regress(request, timeout=TIMEOUT_SECONDS)
    assert [r.value for r in response.result.regressions] == [7.0, 3.0]


def test_multi_inference_asks_several_signatures(stub: PredictionServiceStub) -> None:
    request = MultiInferenceRequest(input=examples(example(x=2.0)))
    for signature, method in (("regress_x_to_y", "regress"), ("classify_x_to_y", "classify")):
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = MODEL, signature
    first, second = stub.MultiInference(request, timeout=TIMEOUT_SECONDS).results
    assert [r.value for r in first.regression_result.regressions] == [3.0]
    assert second.classification_result.classifications[0].classes[0].score == 3.0
    assert second.model_spec.signature_name == "classify_x_to_y"


@pytest.mark.parametrize(("signature", "sent", "message"), [
    ("nope", [example(x=1.0)], "No signature was found with the name: nope"),
    ("classify_x_to_y", [], "Input is empty."),
    ("regress_x_to_y", [example(x=1.0)], "Expected classification signature outputs to contain at least one of"),
    ("serving_default", [example(x=1.0)], "No classification inputs found in SignatureDef: "),
])
def test_classify_says_what_is_wrong(
    stub: PredictionServiceStub, signature: str, sent: list[tf.train.Example], message: str
) -> None:
    request = ClassificationRequest(input=examples(*sent))
    request.model_spec.name, request.model_spec.signature_name = MODEL, signature
    with pytest.raises(grpc.RpcError) as caught:
        stub.Classify(request, timeout=TIMEOUT_SECONDS)
    assert message in caught.value.details()


def test_multi_inference_on_signatures_with_inputs_of_their_own() -> None:
    request = MultiInferenceRequest(input=examples(example(x=2.0)))
    for signature, method in (("regress_x_to_y", "regress"), ("classify_x_to_y", "classify")):
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "half_plus_two_tf2", signature
    with started_server("half_plus_two_tf2") as server, grpc.insecure_channel(server.grpc) as channel:
        first, second = PredictionServiceStub(channel).MultiInference(request, timeout=TIMEOUT_SECONDS).results
    assert [r.value for r in first.regression_result.regressions] == [3.0]
    assert second.classification_result.classifications[0].classes[0].score == 3.0


def test_regress_names_the_node_that_failed(stub: PredictionServiceStub) -> None:
    request = RegressionRequest(input=examples(example()))
    request.model_spec.name, request.model_spec.signature_name = MODEL, "regress_x_to_y"
    with pytest.raises(grpc.RpcError) as caught:
        stub.Regress(request, timeout=TIMEOUT_SECONDS)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == (
        "Name: <unknown>, Feature: x (data type: float) is required but could not be found."
        "\n\t [[{{node ParseExample/ParseExampleV2}}]]"
    )
