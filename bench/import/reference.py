"""What bench/import/reference.ts asks of TensorFlow and tf2onnx: a JSON object per line in and out.

{"convert": {"path", "tags", "signature", "output"}}            writes tf2onnx's model to the file `output`
{"load": {"folder", "version", "tags", "case", "inputs"}}       loads a model and makes the request of a case ready
{"round": {"runs"}}                                             {"microseconds"} per run, {"api"}: by what it is run

The answer to what failed is {"error": text}. One thread per op and between ops.
"""

import base64
import json
import os
import sys
import time

protocol = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Libraries print.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def decode(folder, tensor):
    dtype, shape = tensor["dtype"], tensor["shape"]
    numeric = None if dtype == "string" else tf.as_dtype(dtype).as_numpy_dtype
    if "file" in tensor:
        return np.fromfile(os.path.join(folder, tensor["file"]), numeric).reshape(shape)
    values = tensor["values"]
    if numeric is None:
        flat = np.empty(len(values), object)
        flat[:] = [base64.b64decode(v["b64"]) if isinstance(v, dict) else str(v).encode() for v in values]
        return flat.reshape(shape)
    if dtype.startswith("complex"):
        values = [complex(re, im) for re, im in zip(values[::2], values[1::2])]
    elif "int" in dtype:
        values = [int(v) for v in values]
    elif "float" in dtype:
        values = [SPECIAL.get(v, v) for v in values]
    return np.array(values, numeric).reshape(shape)


def request(folder, case, names):
    if "examples" in case:
        array = np.array([base64.b64decode(text) for text in case["examples"]], object)
        return {name: array for name in names}
    return {name: decode(folder, tensor) for name, tensor in case["inputs"].items()}


def by_session(path, tags, key, inputs):
    """A call of a session with everything but the run itself done before, as TensorFlow Serving has it."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        meta = tf.compat.v1.saved_model.load(session, tags, path)
    signature = meta.signature_def[key]
    fed = {name: info.name for name, info in signature.inputs.items() if name in inputs}
    # SparseTensors and other composites go by their parts.
    fetched = [info.name for info in signature.outputs.values() if info.name]
    call = session.make_callable(fetched, feed_list=list(fed.values()))
    values = [inputs[name] for name in fed]
    return lambda: call(*values)


def by_function(path, tags, key, inputs):
    """A call of the signature's function with tensors that exist already."""
    model = tf.saved_model.load(path, tags)
    function = model.signatures[key]
    # What numpy has as objects would be converted by each call.
    tensors = {name: tf.constant(value) for name, value in inputs.items()}

    def call():
        function(**tensors)
        return model  # Functions don't keep their variables.

    return call


def timed(call, runs):
    """Microseconds per run: of the time that passes and that of all threads together, the less."""
    start, used = time.perf_counter(), time.process_time()
    for _ in range(runs):
        call()
    return min(time.perf_counter() - start, time.process_time() - used) / runs * 1e6


class Loaded:
    """A model's request, by whichever way of calling TensorFlow is the faster."""

    def __init__(self, folder, version, tags, case, inputs):
        with open(os.path.join(folder, "cases.json")) as file:
            case = json.load(file)[case]
        values = request(folder, case, inputs)
        path = os.path.join(folder, version)
        calls, errors = [], []
        for api, make in (("session", by_session), ("function", by_function)):
            try:
                call = make(path, tags, case["signature"], values)
                timed(call, 3)
                first = timed(call, 1)
                runs = max(1, int(20_000 / first))
                calls.append((min(timed(call, runs) for _ in range(3)), api, call))
            except Exception as error:
                errors.append(f"{api}: {error}")
        if not calls:
            raise RuntimeError("; ".join(errors))
        self.microseconds, self.api, self.call = min(calls, key=lambda found: found[0])


def convert(path, tags, signature, output):
    from tf2onnx import convert as tf2onnx

    tf.compat.v1.reset_default_graph()
    sys.argv = ["tf2onnx", "--saved-model", path, "--tag", ",".join(tags), "--signature_def", signature]
    sys.argv += ["--opset", "18", "--output", output + ".part"]
    tf2onnx.main()
    os.rename(output + ".part", output)


def main():
    loaded = None
    for line in sys.stdin:
        [(what, arguments)] = json.loads(line).items()
        answer = {}
        try:
            if what == "convert":
                convert(**arguments)
            elif what == "load":
                loaded = None
                tf.keras.backend.clear_session()
                loaded = Loaded(**arguments)
                answer = {"api": loaded.api, "microseconds": loaded.microseconds}
            else:
                answer = {"microseconds": timed(loaded.call, arguments["runs"])}
        except (Exception, SystemExit) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=protocol, flush=True)


main()
