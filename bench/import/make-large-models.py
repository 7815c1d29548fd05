"""Writes networks of usual sizes, with random weights, as a corpus folder: bench/models/large/NAME/{1,model.json,cases.json}.

Usage: python bench/import/make-large-models.py [NAME-PREFIX ...]; bench/import/requirements.txt says what it needs. Each has
one case, whose outputs are TensorFlow's. conformance/corpus.ts reads the folder too.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent.parent / "models" / "large"
APPLICATIONS = keras.applications
layers = keras.layers


def encoder_block(x, heads, mask=None):
    """A transformer's block with the normalization before each half."""
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    y = layers.MultiHeadAttention(heads, width // heads)(y, y, attention_mask=mask)
    x = layers.Add()([x, y])
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    y = layers.Dense(4 * width, activation="gelu")(y)
    return layers.Add()([x, layers.Dense(width)(y)])


class Positions(layers.Layer):
    """Adds a learned vector for each place of a sequence."""

    def build(self, shape):
        self.table = self.add_weight(shape=(1, *shape[1:]), initializer="random_normal", name="table")

    def call(self, x):
        return x + self.table


def vit(width=192, depth=12, heads=3, patch=16):
    image = keras.Input((224, 224, 3))
    x = layers.Conv2D(width, patch, strides=patch)(image)
    x = layers.Reshape((-1, width))(x)
    x = Positions()(x)
    for _ in range(depth):
        x = encoder_block(x, heads)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(image, layers.Dense(1000, activation="softmax")(x))


def text_encoder(width=256, depth=4, heads=4, length=128, words=8000):
    tokens = keras.Input((length,), dtype="int32")
    x = Positions()(layers.Embedding(words, width, mask_zero=True)(tokens))
    for _ in range(depth):
        x = encoder_block(x, heads)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return keras.Model(tokens, layers.Dense(2, activation="softmax")(x[:, 0]))


def application(name, size=224):
    def make():
        return getattr(APPLICATIONS, name)(weights=None, input_shape=(size, size, 3))

    return make


MAKERS = {
    "mobilenet_v2": application("MobileNetV2"),
    "mobilenet_v3_small": application("MobileNetV3Small"),
    "resnet50": application("ResNet50"),
    "efficientnet_b0": application("EfficientNetB0"),
    "densenet121": application("DenseNet121"),
    "inception_v3": application("InceptionV3", 299),
    "convnext_tiny": application("ConvNeXtTiny"),
    "vit_tiny": vit,
    "text_encoder": text_encoder,
}


def random_input(spec, random):
    shape = [1 if size is None else size for size in spec.shape]
    if spec.dtype.is_integer:
        return random.integers(1, 8000, shape).astype(spec.dtype.as_numpy_dtype)
    return random.uniform(-1, 1, shape).astype(spec.dtype.as_numpy_dtype)


def save_array(folder, name, array):
    (folder / name).write_bytes(array.tobytes())
    return {"dtype": array.dtype.name, "shape": list(array.shape), "file": name}


def write_case(folder):
    signature = tf.saved_model.load(str(folder / "1")).signatures["serving_default"]
    random = np.random.default_rng(1)
    specs = signature.structured_input_signature[1]
    inputs = {key: random_input(spec, random) for key, spec in specs.items()}
    outputs = signature(**{key: tf.constant(value) for key, value in inputs.items()})
    case = {
        "signature": "serving_default",
        "method": "predict",
        "inputs": {key: save_array(folder, f"in.{key}.bin", value) for key, value in inputs.items()},
        "outputs": {
            key: save_array(folder, f"out.{key}.bin", value.numpy()) for key, value in outputs.items()
        },
        "tolerance": {"rtol": 1e-3, "atol": 1e-5},
    }
    (folder / "cases.json").write_text(json.dumps([case]))
    (folder / "model.json").write_text(
        json.dumps({"name": folder.name, "platform": "tensorflow", "tags": ["serve"], "stateful": False})
    )


def main(prefixes):
    keras.utils.set_random_seed(1)
    for name, make in MAKERS.items():
        if prefixes and not name.startswith(tuple(prefixes)):
            continue
        make().export(str(FOLDER / name / "1"), verbose=False)
        write_case(FOLDER / name)
        print(FOLDER / name, flush=True)


main(sys.argv[1:])
