"""Our .proto files against the descriptors inside the official Python packages."""

import importlib
import os
import subprocess
from pathlib import Path

import pytest
import tensorflow_serving
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from schema import Schema, differences, schema_of

ROOT = Path(__file__).parent.parent
PROTO = ROOT / "src" / "proto"

# Where a package keeps a file under another name than ours.
OFFICIAL_NAME = {
    "grpc/health/v1/health.proto": "grpc_health/v1/health.proto",
    "grpc/reflection/v1alpha/reflection.proto": "grpc_reflection/v1alpha/reflection.proto",
    "onnx/onnx.proto": "onnx/onnx-ml.proto",
}
OFFICIAL_MODULE = {
    "tsl/profiler/protobuf/xplane.proto": "tensorflow.tsl.profiler.protobuf.xplane_pb2",
    "grpc/health/v1/health.proto": "grpc_health.v1.health_pb2",
    "grpc/reflection/v1alpha/reflection.proto": "grpc_reflection.v1alpha.reflection_pb2",
    "onnx/onnx.proto": "onnx.onnx_ml_pb2",
}

# Loaded by the modules that import them: the packages have no module at these paths.
LOADED_WITH_OTHERS = {
    "xla/tsl/protobuf/coordination_config.proto",
    "xla/tsl/protobuf/error_codes.proto",
    "xla/tsl/protobuf/rpc_options.proto",
}

SERVER_ONLY = "part of the server's own source; the client package does not ship it"
NOT_IN_PACKAGES = {
    "servable/config/servable_config.proto": "ours alone",
    "tsl/profiler/protobuf/profiler_service.proto": "TensorFlow's client has it compiled in",
    "grpc/reflection/v1/reflection.proto": "the package has v1alpha alone, which is the same but for its name",
    "tensorflow_serving/apis/internal/serialized_input.proto": SERVER_ONLY,
    "tensorflow_serving/config/monitoring_config.proto": SERVER_ONLY,
    "tensorflow_serving/config/ssl_config.proto": SERVER_ONLY,
    "tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter.proto": SERVER_ONLY,
    "tensorflow_serving/servables/tensorflow/session_bundle_config.proto": SERVER_ONLY,
    "tensorflow_serving/servables/tensorflow/session_bundle_source_adapter.proto": SERVER_ONLY,
    "tensorflow_serving/servables/tensorflow/thread_pool_factory_config.proto": SERVER_ONLY,
}

# What the packages have in a file that we have too, and we leave out: name to reason. Nothing, so far.
LEFT_OUT: dict[str, str] = {}

# Files that define nothing and only forward to the file that took their place.
FORWARDING = {
    "tensorflow/core/protobuf/error_codes.proto": "xla/tsl/protobuf/error_codes.proto",
    "tensorflow/core/protobuf/rpc_options.proto": "xla/tsl/protobuf/rpc_options.proto",
}


@pytest.fixture(scope="module")
def compiled() -> dict[str, FileDescriptorProto]:
    """Our files by path, as `buf` compiles them."""
    path = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    image = subprocess.run(
        ["buf", "build", "-o", "-#format=binpb"],
        cwd=PROTO,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    files = FileDescriptorSet.FromString(image).file
    return {file.name: file for file in files if not file.name.startswith("google/")}


@pytest.fixture(scope="module")
def official(compiled: dict[str, FileDescriptorProto]) -> dict[str, FileDescriptorProto]:
    """The packages' files by the path that we have them at."""
    paths = compiled.keys() - NOT_IN_PACKAGES.keys()
    for path in paths - LOADED_WITH_OTHERS:
        importlib.import_module(OFFICIAL_MODULE.get(path, module_name(path)))
    return {path: official_file(OFFICIAL_NAME.get(path, path)) for path in paths}


def module_name(path: str) -> str:
    return path.removesuffix(".proto").replace("/", ".") + "_pb2"


def official_file(path: str) -> FileDescriptorProto:
    file = FileDescriptorProto()
    descriptor_pool.Default().FindFileByName(path).CopyToProto(file)
    return file


def ours_to_compare(compiled: dict[str, FileDescriptorProto]) -> Schema:
    return schema_of(file for path, file in compiled.items() if path not in NOT_IN_PACKAGES)


def test_every_message_enum_and_service_is_the_official_one(
    compiled: dict[str, FileDescriptorProto], official: dict[str, FileDescriptorProto]
) -> None:
    theirs = {name: members for name, members in schema_of(official.values()).items() if name not in LEFT_OUT}
    found = differences(ours_to_compare(compiled), theirs)
    assert found == [], "\n".join(found)


def test_a_changed_field_number_is_found(
    compiled: dict[str, FileDescriptorProto], official: dict[str, FileDescriptorProto]
) -> None:
    changed = FileDescriptorProto()
    changed.CopyFrom(compiled["tensorflow/core/framework/tensor.proto"])
    message = next(m for m in changed.message_type if m.name == "TensorProto")
    next(f for f in message.field if f.name == "tensor_content").number = 99
    ours = ours_to_compare({**compiled, changed.name: changed})
    assert differences(ours, schema_of(official.values())) == [
        "message tensorflow.TensorProto, field tensor_content: number is 99, theirs 4"
    ]


def test_every_file_of_the_serving_package_is_here(compiled: dict[str, FileDescriptorProto]) -> None:
    package = Path(tensorflow_serving.__path__[0])
    theirs = {
        f"tensorflow_serving/{module.relative_to(package)}".replace("_pb2.py", ".proto")
        for module in package.rglob("*_pb2.py")
    }
    assert len(theirs) > 10
    assert theirs - compiled.keys() == set()


def test_every_import_of_an_official_file_is_here(
    compiled: dict[str, FileDescriptorProto], official: dict[str, FileDescriptorProto]
) -> None:
    imports = {path for file in official.values() for path in file.dependency}
    missing = {FORWARDING.get(path, path) for path in imports} - compiled.keys()
    assert {path for path in missing if not path.startswith("google/protobuf/")} == set()


def test_the_lists_of_exceptions_are_true(
    compiled: dict[str, FileDescriptorProto], official: dict[str, FileDescriptorProto]
) -> None:
    for path in NOT_IN_PACKAGES:
        assert path in compiled
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(module_name(path))
    for path, target in FORWARDING.items():
        importlib.import_module(module_name(path))
        file = official_file(path)
        assert (list(file.dependency), len(file.message_type), len(file.enum_type)) == ([target], 0, 0)
    theirs = schema_of(official.values())
    ours = schema_of(compiled.values())
    assert [name for name in LEFT_OUT if name not in theirs or name in ours] == []
