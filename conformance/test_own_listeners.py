"""What our server has on its ports and sockets beyond TensorFlow Serving, by curl, grpcio and Python's own HTTP."""

import http.client
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from rest import get, post
from server import MODEL, ROOT, Server, serving

TLS = ROOT / "fixtures" / "tls"
TIMEOUT_SECONDS = 30
RENEWAL_SECONDS = 30
PREDICT = f"/v1/models/{MODEL}:predict"
BODY = json.dumps({"instances": [1.0, 2.0, 5.0]})
ANSWER = {"predictions": [2.5, 3.0, 4.5]}

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass(frozen=True)
class Endpoints:
    server: Server
    grpc_socket: Path
    rest_socket: Path
    ssl_config: Path


def write_ssl_config(path: Path, server: str, verify_clients: bool) -> None:
    fields = {"server_key": TLS / f"{server}.key", "server_cert": TLS / f"{server}.pem"}
    if verify_clients:
        fields["custom_ca"] = TLS / "authority.pem"
    lines = [f"{name}: {json.dumps(file.read_text())}" for name, file in fields.items()]
    # Complete at once, as an administrator's tools would replace it.
    staged = path.with_suffix(".new")
    staged.write_text("\n".join([*lines, f"client_verify: {str(verify_clients).lower()}\n"]))
    staged.replace(path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """REST in cleartext with all that flags give; gRPC over TLS for clients with a certificate."""
    folder = tmp_path_factory.mktemp("plain")
    found = [folder / name for name in ("grpc.sock", "rest.sock", "ssl.config")]
    grpc_socket, rest_socket, ssl_config = found
    write_ssl_config(ssl_config, "server-1", verify_clients=True)
    flags = [
        f"--grpc_socket_path={grpc_socket}",
        f"--rest_api_socket_path={rest_socket}",
        f"--ssl_config_file={ssl_config}",
        "--rest_api_response_compression=gzip",
        "--rest_api_server_timing",
        "--rest_api_enable_cors_support",
        "--rest_api_num_threads=7",
    ]
    with serving(MODEL, ROOT / "fixtures" / "models" / MODEL, *flags) as server:
        yield Endpoints(server, grpc_socket, rest_socket, ssl_config)
    assert not grpc_socket.exists() and not rest_socket.exists()


def message() -> PredictRequest:
    request = PredictRequest()
    request.model_spec.name = MODEL
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0, 5.0]))
    return request


def credentials(with_client: bool) -> grpc.ChannelCredentials:
    authority = (TLS / "authority.pem").read_bytes()
    if not with_client:
        return grpc.ssl_channel_credentials(authority)
    pair = [(TLS / f"client.{kind}").read_bytes() for kind in ("key", "pem")]
    return grpc.ssl_channel_credentials(authority, *pair)


def predict(target: str, secret: grpc.ChannelCredentials) -> list[float]:
    options = [("grpc.ssl_target_name_override", "localhost"), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(target, secret, options) as channel:
        response = PredictionServiceStub(channel).Predict(message(), timeout=TIMEOUT_SECONDS)
    return list(tf.make_ndarray(response.outputs["y"]))


def test_grpc_over_tls_for_clients_with_a_certificate(plain: Endpoints) -> None:
    assert predict(plain.server.grpc, credentials(True)) == [2.5, 3.0, 4.5]
    with pytest.raises(grpc.RpcError) as caught:
        predict(plain.server.grpc, credentials(False))
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


def test_grpc_on_a_unix_socket(plain: Endpoints) -> None:
    assert predict(f"unix:{plain.grpc_socket}", credentials(True)) == [2.5, 3.0, 4.5]


@needs_curl
def test_rest_on_a_unix_socket(plain: Endpoints) -> None:
    command = ["curl", "-sS", "--unix-socket", str(plain.rest_socket), "-d", BODY, f"http://localhost{PREDICT}"]
    reply = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_SECONDS)
    assert json.loads(reply.stdout) == ANSWER


def test_serialized_requests(plain: Endpoints) -> None:
    kind = "application/x-protobuf"
    connection = http.client.HTTPConnection(plain.server.rest, timeout=TIMEOUT_SECONDS)
    connection.request("POST", PREDICT, message().SerializeToString(), {"Content-Type": kind})
    reply = connection.getresponse()
    assert (reply.status, reply.getheader("Content-Type")) == (200, kind)
    response = PredictResponse.FromString(reply.read())
    assert list(tf.make_ndarray(response.outputs["y"])) == [2.5, 3.0, 4.5]
    assert response.model_spec.name == MODEL
    connection.close()


def test_models_and_probes(plain: Endpoints) -> None:
    one = get(plain.server, f"/v1/models/{MODEL}").json
    assert get(plain.server, "/v1/models").json == {"models": [{"name": MODEL, **one}]}
    assert get(plain.server, "/healthz").json == {"status": "ok"}
    assert get(plain.server, "/readyz").json == {"status": "ready"}


def test_cors(plain: Endpoints) -> None:
    connection = http.client.HTTPConnection(plain.server.rest, timeout=TIMEOUT_SECONDS)
    for origin, status in ({"Origin": "https://example.com"}, 200), ({}, 400):
        connection.request("OPTIONS", PREDICT, headers=origin)
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (status, b"")
        assert reply.getheader("Access-Control-Allow-Origin") == "*"
        assert reply.getheader("Access-Control-Allow-Methods") == "POST, GET"
        assert reply.getheader("Access-Control-Allow-Headers") == "Content-Type"
    connection.close()
    assert post(plain.server, PREDICT, b"{").headers["Access-Control-Allow-Origin"] == "*"


def test_server_timing(plain: Endpoints) -> None:
    timing = post(plain.server, PREDICT, BODY.encode()).headers["Server-Timing"]
    assert [phase.strip().split(";")[0] for phase in timing.split(",")] == ["parse", "queue", "run", "encode"]


@needs_curl
def test_compressed_replies(plain: Endpoints, tmp_path: Path) -> None:
    body, headers = tmp_path / "body.json", tmp_path / "headers"
    body.write_text(json.dumps({"instances": [1.0] * 10_000}))
    command = ["curl", "-sS", "--compressed", "-D", str(headers), "-d", f"@{body}", f"http://{plain.server.rest}{PREDICT}"]
    reply = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_SECONDS)
    assert json.loads(reply.stdout) == {"predictions": [2.5] * 10_000}
    assert "content-encoding: gzip" in headers.read_text().lower()


def test_rest_over_tls_with_certificates_that_are_renewed(tmp_path: Path) -> None:
    ssl_config = tmp_path / "ssl.config"
    write_ssl_config(ssl_config, "server-1", verify_clients=False)
    trusting = ssl.create_default_context(cafile=str(TLS / "authority.pem"))
    base_path = ROOT / "fixtures" / "models" / MODEL
    flag = f"--rest_api_ssl_config_file={ssl_config}"
    with serving(MODEL, base_path, flag, context=trusting) as server:

        def connect() -> tuple[http.client.HTTPSConnection, str]:
            connection = http.client.HTTPSConnection(server.rest, timeout=TIMEOUT_SECONDS, context=trusting)
            connection.connect()
            subject = connection.sock.getpeercert()["subject"]
            return connection, dict(pair for part in subject for pair in part)["commonName"]

        def ask(connection: http.client.HTTPSConnection) -> object:
            connection.request("POST", PREDICT, BODY)
            return json.loads(connection.getresponse().read())

        old, name = connect()
        assert (name, ask(old)) == ("server 1", ANSWER)
        local_port = old.sock.getsockname()[1]
        write_ssl_config(ssl_config, "server-2", verify_clients=False)
        deadline = time.monotonic() + RENEWAL_SECONDS
        while name != "server 2":
            assert time.monotonic() < deadline, "the new certificate never came"
            time.sleep(0.5)
            new, name = connect()
            assert ask(new) == ANSWER
            new.close()
        assert ask(old) == ANSWER
        assert old.sock.getsockname()[1] == local_port
        old.close()
