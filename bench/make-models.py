"""Writes the models that bench/main.ts and bench/recurrent-layer.bench.ts run to bench/models/NAME/1.

Usage: python bench/make-models.py [NAME ...]

Needs pip's tensorflow and keras 3. The weights are random: they don't change how long a run takes.
"""

import pathlib
import sys

import keras

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


MAKERS = {
    "mlp": mlp,
    "mobilenet_v2": lambda: keras.applications.MobileNetV2(weights=None),
    "resnet50": lambda: keras.applications.ResNet50(weights=None),
    "bilstm_50": lambda: bilstm(50),
    "bilstm": lambda: bilstm(None),
}

for name in sys.argv[1:] or MAKERS:
    MAKERS[name]().export(str(MODELS / name / "1"), verbose=False)
    print(MODELS / name)
