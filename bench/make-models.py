"""Writes the models that bench/main.ts and bench/recurrent-layer.bench.ts run to bench/models/NAME/1.

Usage: python bench/make-models.py [NAME ...]

Needs pip's tensorflow and keras 3. The weights are random: they don't change how long a run takes. Networks for images get a
second signature, `image`, that takes JPEG files, and one to send beside the version.
"""

import pathlib
import shutil
import sys

import keras
import numpy as np
import tensorflow as tf

MODELS = pathlib.Path(__file__).parent / "models"


def mlp():
    layers = keras.layers
    return keras.Sequential([
        keras.Input((784,)),
        layers.Dense(512, activation="relu"),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])


def bilstm(steps):
    layers = keras.layers
    return keras.Sequential([keras.Input((steps, 32)), layers.Bidirectional(layers.LSTM(64, return_sequences=True))])


def vit(size=32, patch=4, width=192, heads=3, blocks=12):
    """ViT-Ti for small images."""
    layers = keras.layers
    image = keras.Input((size, size, 3))
    x = layers.Conv2D(width, patch, strides=patch)(image)
    tokens = (size // patch) ** 2
    x = layers.Reshape((tokens, width))(x)
    x = x + layers.Embedding(tokens, width)(np.arange(tokens)[None])
    for _ in range(blocks):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.MultiHeadAttention(heads, width // heads)(y, y)
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.Dense(4 * width, activation="gelu")(y)
        x = x + layers.Dense(width)(y)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return keras.Model(image, layers.Dense(1000)(layers.GlobalAveragePooling1D()(x)))


def export(model, folder):
    shape = model.inputs[0].shape[1:]
    if len(shape) != 3:
        model.export(str(folder / "1"), verbose=False)
        return

    def decode(file):
        return tf.image.resize(tf.image.decode_jpeg(file, channels=3), shape[:2]) / 127.5 - 1

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", model, [tf.TensorSpec([None, *shape], name="image")])
    archive.add_endpoint(
        "image",
        lambda files: model(tf.map_fn(decode, files, fn_output_signature=tf.TensorSpec(shape))),
        [tf.TensorSpec([None], tf.string, name="files")],
    )
    archive.write_out(str(folder / "1"), verbose=False)
    pixels = np.random.default_rng(0).integers(0, 256, (7, 7, 3))
    smooth = tf.cast(tf.clip_by_value(tf.image.resize(pixels, shape[:2], "bicubic"), 0, 255), tf.uint8)
    (folder / "image.jpg").write_bytes(tf.io.encode_jpeg(smooth).numpy())


MAKERS = {
    "mlp": mlp,
    "mobilenet_v2": lambda: keras.applications.MobileNetV2(weights=None),
    "resnet50": lambda: keras.applications.ResNet50(weights=None),
    "vit": vit,
    "bilstm_50": lambda: bilstm(50),
    "bilstm": lambda: bilstm(None),
}

for name in sys.argv[1:] or MAKERS:
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    export(MAKERS[name](), folder)
    print(folder)
