"""A fitted network as LiteRT, float and dynamic-range int8, and what each costs."""

import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from fitness_core.quiet import LITERT_CHATTER, without

# Of the weights of an unrolled network, all steps together [bytes].
_LARGEST_UNROLLED = 64_000_000
# Of all its LSTMs: the conversion of more takes minutes, and a step of the loop is as fast by then.
_MOST_STEPS_UNROLLED = 400


def export(model: keras.Model, temperature: float, quantized: bool = False, merging: np.ndarray | None = None) -> bytes:
    """The network as LiteRT, its logits divided by the temperature; quantized: weights as int8, values as float.

    merging: matrix [classes, labels] that adds the probabilities of classes to those of labels; None = as they are.
    """
    logits = keras.layers.Rescaling(1.0 / temperature, name="calibrated_logits")(model.get_layer("logits").output)
    probabilities = keras.layers.Softmax(name="calibrated")(logits)
    if merging is not None and merging.shape[0] != merging.shape[1]:
        added = keras.layers.Dense(merging.shape[1], use_bias=False, name="merged")
        probabilities = added(probabilities)
        added.set_weights([merging])
    model = keras.Model(model.input, probabilities)
    return _converted(model, {"optimizations": [tf.lite.Optimize.DEFAULT]} if quantized else {})


def _converted(model: keras.Model, how: dict[str, Any]) -> bytes:
    model, batch = _unrolled(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        with without(LITERT_CHATTER):
            model.export(
                str(path),
                format="litert",
                input_signature=[tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32)],
                target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
                verbose=False,
                **how,
            )
        return path.read_bytes()


def _unrolled(model: keras.Model) -> tuple[keras.Model, int | None]:
    """The same network with its LSTMs step by step instead of in a loop, and the batch that it can be exported with.

    Unrolled, LiteRT takes any number of windows at once (None), in a quarter of the time of a loop, which becomes
    operations that LiteRT has for a fixed batch only. LiteRT keeps the weights once per step: one window alone is
    faster only while they are in the cache, and a large network stays a loop. So does one of long windows.
    """
    recurrent = [layer for layer in model.layers if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)]
    size = sum(4 * layer.count_params() * layer.input.shape[1] for layer in recurrent)
    unrollable = all(isinstance(layer, keras.layers.LSTM) for layer in recurrent)
    steps = sum(layer.input.shape[1] for layer in recurrent)
    if size > _LARGEST_UNROLLED or steps > _MOST_STEPS_UNROLLED or not unrollable:
        return model, 1

    def unrolled(layer: keras.Layer) -> keras.Layer:
        changed = {"unroll": True} if isinstance(layer, keras.layers.LSTM) else {}
        return layer.__class__.from_config(layer.get_config() | changed)

    copy = keras.models.clone_model(model, clone_function=unrolled)
    copy.set_weights(model.get_weights())
    return copy, None


def run(network: bytes, x: np.ndarray) -> tuple[np.ndarray, float]:
    """Probabilities [n, classes] of windows, one at a time on one thread, and the median time of one [ms]."""
    with without(LITERT_CHATTER):
        interpreter = Interpreter(model_content=network, num_threads=1)
        interpreter.allocate_tensors()
    given, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    values, times = [], []
    for window in x:
        begun = time.perf_counter()
        interpreter.set_tensor(given, window[None].astype(np.float32))
        interpreter.invoke()
        values.append(interpreter.get_tensor(result)[0].copy())
        times.append(time.perf_counter() - begun)
    return np.array(values), 1000 * float(np.median(times))


def compared(model: keras.Model, x: np.ndarray, y: np.ndarray) -> dict:
    """Float beside int8 on windows that the network was not fitted to: accuracy, agreement, time and size of each."""
    networks = {"float32": export(model, 1.0), "int8": export(model, 1.0, quantized=True)}
    results = {name: run(network, x) for name, network in networks.items()}
    guesses = {name: values.argmax(axis=1) for name, (values, _) in results.items()}
    return {
        name: {
            "accuracy": round(float((guesses[name] == y).mean()), 4),
            "ms": round(results[name][1], 3),
            "bytes": len(networks[name]),
        }
        for name in networks
    } | {"agreement": round(float((guesses["float32"] == guesses["int8"]).mean()), 4), "n_windows": len(y)}
