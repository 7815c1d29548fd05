"""Request logs as the official protos read them, and warmup files that are made of them or that the protos write."""

import json
import subprocess
import urllib.request
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.example.example_pb2 import Example
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from server import ROOT, Server, serving

MODEL = "half_plus_two_tf1"
BASE = ROOT / "fixtures" / "models" / MODEL
VERSION = 123
TIMEOUT_SECONDS = 30
WARMUP = "assets.extra/tf_serving_warmup_requests"


def example(x: float) -> Example:
    made = Example()
    made.features.feature["x"].float_list.value.append(x)
    return made


def predict_request() -> PredictRequest:
    request = PredictRequest()
    request.model_spec.name = MODEL
    request.model_spec.version.value = VERSION
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[1.0], [2.0]]))
    request.output_filter.append("y")
    return request


def classification_request() -> ClassificationRequest:
    request = ClassificationRequest()
    request.model_spec.name = MODEL
    request.model_spec.signature_name = "classify_x_to_y"
    request.input.example_list.examples.append(example(1.0))
    return request


def regression_request() -> RegressionRequest:
    request = RegressionRequest()
    request.model_spec.name = MODEL
    request.model_spec.signature_name = "regress_x_to_y"
    request.input.example_list_with_context.context.CopyFrom(example(3.0))
    request.input.example_list_with_context.examples.append(Example())
    return request


def multi_inference_request() -> MultiInferenceRequest:
    request = MultiInferenceRequest()
    for method, signature in ("classify", "classify_x_to_y"), ("regress", "regress_x_to_y"):
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = MODEL
        task.model_spec.signature_name = signature
    request.input.example_list.examples.append(example(5.0))
    return request


def post(server: Server, method: str, body: object) -> object:
    data = json.dumps(body).encode()
    with urllib.request.urlopen(f"http://{server.rest}/v1/models/{MODEL}:{method}", data, TIMEOUT_SECONDS) as reply:
        return json.load(reply)


def logs_in(folder: Path) -> list[PredictionLog]:
    files = sorted(str(path) for path in folder.iterdir())
    return [PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset(files)]


def with_logging(folder: Path) -> str:
    config = folder / "models.config"
    config.write_text(f"""model_config_list {{ config {{
      name: "{MODEL}" base_path: "{BASE}" model_platform: "tensorflow"
      logging_config {{
        log_collector_config {{ filename_prefix: "{folder}/logs/requests" }}
        sampling_config {{ sampling_rate: 1 }}
      }}
    }} }}""")
    return f"--model_config_file={config}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("request-log")


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, object]:
    """What the server answered; it has ended, and its logs are in the folder `logs`."""
    with serving(MODEL, BASE, with_logging(folder)) as server, grpc.insecure_channel(server.grpc) as channel:
        stub = PredictionServiceStub(channel)
        return {
            "predict": stub.Predict(predict_request(), timeout=TIMEOUT_SECONDS),
            "classify": stub.Classify(classification_request(), timeout=TIMEOUT_SECONDS),
            "regress": stub.Regress(regression_request(), timeout=TIMEOUT_SECONDS),
            "multi": stub.MultiInference(multi_inference_request(), timeout=TIMEOUT_SECONDS),
            "rest predict": post(server, "predict", {"instances": [[7.0], [8.0], [9.0]]}),
            "rest regress": post(
                server, "regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 11.0}]}
            ),
        }


@pytest.fixture(scope="module")
def logs(folder: Path, answers: dict[str, object]) -> list[PredictionLog]:
    return logs_in(folder / "logs")


def of_kind(logs: list[PredictionLog], kind: str) -> list[object]:
    return [getattr(log, kind) for log in logs if log.WhichOneof("log_type") == kind]


def test_each_answered_request_is_logged_once(logs, answers):
    assert len(logs) == len(answers)


def test_logs_say_which_version_answered_and_what_share_is_logged(logs):
    for log in logs:
        metadata = log.log_metadata
        assert metadata.model_spec.name == MODEL
        assert metadata.model_spec.version.value == VERSION
        assert metadata.sampling_config.sampling_rate == 1
        assert list(metadata.saved_model_tags) == ["serve"]
        assert metadata.timestamp_secs > 1_700_000_000


@pytest.mark.parametrize(
    ("kind", "request_of", "answer"),
    [
        ("classify_log", classification_request, "classify"),
        ("multi_inference_log", multi_inference_request, "multi"),
    ],
)
def test_grpc_requests_and_answers_are_logged_as_they_were(logs, answers, kind, request_of, answer):
    (log,) = of_kind(logs, kind)
    assert log.request == request_of()
    assert log.response == answers[answer]


def test_predict_and_regress_by_grpc_are_logged_as_they_were(logs, answers):
    assert any(
        log.request == predict_request() and log.response == answers["predict"]
        for log in of_kind(logs, "predict_log")
    )
    assert any(
        log.request == regression_request() and log.response == answers["regress"]
        for log in of_kind(logs, "regress_log")
    )


def test_rest_requests_are_logged_as_the_messages_that_ask_the_same(logs, answers):
    (predict,) = [log for log in of_kind(logs, "predict_log") if log.request != predict_request()]
    assert predict.request.model_spec.name == MODEL
    assert tf.make_ndarray(predict.request.inputs["x"]).tolist() == [[7.0], [8.0], [9.0]]
    assert tf.make_ndarray(predict.response.outputs["y"]).tolist() == answers["rest predict"]["predictions"]
    assert predict.response.model_spec.signature_name == "serving_default"
    (regress,) = [log for log in of_kind(logs, "regress_log") if log.request != regression_request()]
    assert regress.request.model_spec.signature_name == "regress_x_to_y"
    assert list(regress.request.input.example_list.examples) == [example(11.0)]
    assert [r.value for r in regress.response.result.regressions] == answers["rest regress"]["results"]


def copied_model(folder: Path) -> Path:
    """The model in a folder of its own."""
    subprocess.run(["cp", "-r", str(BASE), str(folder)], check=True)
    return folder / MODEL


def test_a_log_becomes_a_warmup_file_that_a_version_is_asked(folder, logs, tmp_path):
    base = copied_model(tmp_path)
    version = base / str(VERSION)
    files = sorted(str(path) for path in (folder / "logs").iterdir())
    command = [str(ROOT / "bin" / "servable"), "warmup", "record", f"--output={version}", *files]
    subprocess.run(command, check=True, capture_output=True)
    records = [
        PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(version / WARMUP))
    ]
    # One less than there are logs: both regress requests are of one example.
    assert len(records) == len(logs) - 1
    assert all(not record.HasField("log_metadata") for record in records)
    assert predict_request() in [record.predict_log.request for record in records]
    # A version serves only if all of them were answered.
    with serving(MODEL, base, "--max_num_load_retries=0"):
        pass


def test_a_version_is_asked_the_requests_that_the_official_protos_write(tmp_path):
    base = copied_model(tmp_path)
    extra = base / str(VERSION) / "assets.extra"
    extra.mkdir()
    (extra / "tf_serving_warmup_requests").write_bytes(
        (ROOT / "fixtures" / "warmup" / "half_plus_two_tf1.tfrecord").read_bytes()
    )
    with serving(MODEL, base, "--max_num_load_retries=0", "--num_request_iterations_for_warmup=2"):
        pass


def test_a_version_that_fails_a_warmup_request_does_not_serve(tmp_path):
    base = copied_model(tmp_path)
    extra = base / str(VERSION) / "assets.extra"
    extra.mkdir()
    good, bad = PredictionLog(), PredictionLog()
    good.predict_log.request.CopyFrom(predict_request())
    bad.predict_log.request.inputs["z"].CopyFrom(tf.make_tensor_proto([[1.0]]))
    with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
        for log in good, bad:
            writer.write(log.SerializeToString())
    with pytest.raises(RuntimeError) as caught:
        with serving(MODEL, base, "--max_num_load_retries=0"):
            pass
    assert "Warmup record 1 of" in "".join(caught.value.__notes__)
