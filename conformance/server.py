"""A server under test: one that is running already, or ours, started for the tests."""

import os
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BINARY = ROOT / "bin" / "tensorflow_model_server"
MODEL = "half_plus_two"
# gRPC options of a client that sends and takes more than the 4 MiB a message may have by default.
UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
START_SECONDS = 60
STOP_SECONDS = 10


@dataclass(frozen=True)
class Server:
    """Addresses as host:port, and the process, if it is ours."""

    grpc: str
    rest: str
    process: subprocess.Popen[bytes] | None = None


@contextmanager
def running_server(model: str) -> Iterator[Server]:
    """The server that SERVABLE_GRPC and SERVABLE_REST name, else ours with the fixture `model`."""
    grpc, rest = os.environ.get("SERVABLE_GRPC"), os.environ.get("SERVABLE_REST")
    if bool(grpc) != bool(rest):
        raise ValueError("set both SERVABLE_GRPC and SERVABLE_REST (host:port), or neither")
    if grpc and rest:
        yield Server(grpc, rest)
    else:
        with started_server(model) as server:
            yield server


@contextmanager
def started_server(model: str) -> Iterator[Server]:
    base_path = ROOT / "fixtures" / "models" / model
    for needed in (BINARY, base_path):
        if not needed.exists():
            raise FileNotFoundError(f"{needed} (or set SERVABLE_GRPC and SERVABLE_REST)")
    with serving(model, base_path) as server:
        yield server


@contextmanager
def serving(
    name: str, base_path: Path, *flags: str, context: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Our server with one model, on free ports. `context`: what a client of REST over TLS trusts."""
    grpc_port, rest_port = free_ports(2)
    command = [
        str(BINARY),
        f"--port={grpc_port}",
        f"--rest_api_port={rest_port}",
        f"--model_name={name}",
        f"--model_base_path={base_path}",
        *flags,
    ]
    path = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, "PATH": path}, stdout=log, stderr=log)
        try:
            scheme = "http" if context is None else "https"
            wait_until_available(process, f"{scheme}://127.0.0.1:{rest_port}/v1/models/{name}", context)
            yield Server(f"127.0.0.1:{grpc_port}", f"127.0.0.1:{rest_port}", process)
        except Exception as error:
            log.seek(0)
            error.add_note(f"log of {BINARY.name}:\n{log.read().decode(errors='replace')}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_available(
    process: subprocess.Popen[bytes], status_url: str, context: ssl.SSLContext | None = None
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode} before it served")
        try:
            with urllib.request.urlopen(status_url, timeout=1, context=context) as reply:
                if b'"AVAILABLE"' in reply.read():
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise TimeoutError(f"no version available at {status_url} after {START_SECONDS} s")


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
