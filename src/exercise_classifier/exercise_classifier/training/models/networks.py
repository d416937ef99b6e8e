"""The networks, each a function that returns a `keras.Model` from windows of features to probabilities.

A new one is a function `build_<kind>` here and its kind in `config.Kind`; `tune.SIZES` where the search shall try it.
The last two layers are `logits` (dense) and `probabilities` (softmax): what is exported divides the first by a
temperature. Sizes in the docstrings are for windows of 30 steps and 13 classes.
"""

from collections.abc import Callable, Sequence

import keras

from exercise_classifier.features import N_FEATURES


def build_lstm(
    steps: int, classes: int, features: int = N_FEATURES, sizes: Sequence[int] = (48, 64), dropout: float = 0.4
) -> keras.Model:
    """A dense layer and one LSTM over the steps, its outputs averaged; 34 k parameters. sizes: dense, LSTM units.

    Source: Hochreiter, Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735.
    """
    dense, units = sizes
    decay = keras.regularizers.L2(1e-4)
    inputs, x = _noisy(steps, features)
    x = keras.layers.Dense(dense, activation="relu", kernel_regularizer=decay)(x)
    x = keras.layers.LSTM(units, return_sequences=True, kernel_regularizer=decay)(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return _named(inputs, x, classes, dropout)


def build_lstm_stack(
    steps: int, classes: int, features: int = N_FEATURES, sizes: Sequence[int] = (128, 256, 128), dropout: float = 0.4
) -> keras.Model:
    """LSTMs above each other, the last one's last output; 730 k parameters with 132 features. sizes: units of each."""
    inputs = x = keras.Input((steps, features))
    for number, units in enumerate(sizes):
        x = keras.layers.LSTM(units, return_sequences=number < len(sizes) - 1)(x)
    return _named(inputs, x, classes, dropout)


def build_bilstm_attention(
    steps: int, classes: int, features: int = N_FEATURES, sizes: Sequence[int] = (256, 512), dropout: float = 0.5
) -> keras.Model:
    """A bidirectional LSTM, its outputs weighted by attention over time, one dense layer; 8.7 M parameters with 132
    features. sizes: LSTM units per direction, dense units.

    Attention as in the existing system: for every output a softmax over the steps, from a dense layer along time.
    """
    units, dense = sizes
    inputs = keras.Input((steps, features))
    x = keras.layers.Bidirectional(keras.layers.LSTM(units, return_sequences=True))(inputs)
    along_time = keras.layers.Permute((2, 1))(x)
    weights = keras.layers.Dense(steps, activation="softmax")(along_time)
    x = keras.layers.Multiply()([x, keras.layers.Permute((2, 1))(weights)])
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(dense, activation="relu")(x)
    return _named(inputs, x, classes, dropout)


def build_temporal_convolution(
    steps: int, classes: int, features: int = N_FEATURES, sizes: Sequence[int] = (64, 64, 64), dropout: float = 0.4
) -> keras.Model:
    """Residual convolutions along time with dilations 1, 2, 4 ..., averaged; 83 k parameters. sizes: filters.

    Source: Bai, Kolter, Koltun 2018, https://arxiv.org/abs/1803.01271 (here not causal: the window is complete).
    """
    inputs, x = _noisy(steps, features)
    for number, filters in enumerate(sizes):
        y = keras.layers.Conv1D(filters, 3, padding="same", dilation_rate=2**number, activation="relu")(x)
        y = keras.layers.SpatialDropout1D(0.1)(y)
        y = keras.layers.Conv1D(filters, 3, padding="same", dilation_rate=2**number)(y)
        if x.shape[-1] != filters:
            x = keras.layers.Dense(filters)(x)
        x = keras.layers.LayerNormalization()(keras.layers.ReLU()(keras.layers.Add()([x, y])))
    return _named(inputs, keras.layers.GlobalAveragePooling1D()(x), classes, dropout)


def build_attention_lstm(
    steps: int, classes: int, features: int = N_FEATURES, sizes: Sequence[int] = (64, 96, 32), dropout: float = 0.4
) -> keras.Model:
    """A dense layer, one LSTM, a learned weight for every step, and beside it how far each feature moves in the window;
    71 k parameters. sizes: dense, LSTM units, dense of how far they move (left out where there are two sizes).

    What moves, and how far, tells a plank from a push-up in the same posture, which a network that has seen few of
    either does not find by itself.
    Source: Zhou et al. 2016 (attention over the steps of an LSTM), https://aclanthology.org/P16-2034.
    """
    dense, units, of_spans = sizes if len(sizes) == 3 else (*sizes, 0)
    decay = keras.regularizers.L2(1e-4)
    inputs, x = _noisy(steps, features)
    x = keras.layers.Dense(dense, activation="relu", kernel_regularizer=decay)(x)
    x = keras.layers.LSTM(units, return_sequences=True, kernel_regularizer=decay)(x)
    weights = keras.layers.Softmax(axis=1)(keras.layers.Dense(1)(keras.layers.Activation("tanh")(x)))
    x = keras.layers.Flatten()(keras.layers.Dot(axes=1)([weights, x]))
    if of_spans:
        spans = keras.layers.Dense(of_spans, activation="relu", kernel_regularizer=decay)(_spans(inputs))
        x = keras.layers.Concatenate()([x, spans])
    return _named(inputs, x, classes, dropout)


def joined(members: Sequence[keras.Model]) -> keras.Model:
    """One network of several fitted ones: its logits are the mean of theirs; a single one as it is.

    Source: Hansen, Salamon 1990 (ensembles err less than their members), https://doi.org/10.1109/34.58871.
    """
    if len(members) == 1:
        return members[0]
    inputs = keras.Input(members[0].input_shape[1:])
    logits = []
    for number, member in enumerate(members, start=1):
        until = keras.Model(member.input, member.get_layer("logits").output)
        copy = keras.models.clone_model(until, input_tensors=inputs, clone_function=_called(f"of_{number}_"))
        copy.set_weights(until.get_weights())
        logits.append(copy.output)
    mean = keras.layers.Average(name="logits")(logits)
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(mean))


def _called(before: str) -> Callable[[keras.Layer], keras.Layer]:
    def copied(layer: keras.Layer) -> keras.Layer:
        given = layer.get_config()
        return layer.__class__.from_config(given | {"name": before + given["name"]})

    return copied


def _spans(inputs: keras.KerasTensor) -> keras.KerasTensor:
    """Largest minus smallest value of each feature, [features], of means of three steps: one jump is no movement."""
    smooth = keras.layers.AveragePooling1D(3, strides=1)(inputs)
    largest = keras.layers.GlobalMaxPooling1D()(smooth)
    smallest = keras.layers.GlobalMaxPooling1D()(keras.layers.Rescaling(-1.0)(smooth))
    spans = keras.layers.Add()([largest, smallest])
    return keras.layers.Dropout(0.1)(keras.layers.GaussianNoise(0.05)(spans))


def _noisy(steps: int, features: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    inputs = keras.Input((steps, features))
    return inputs, keras.layers.SpatialDropout1D(0.1)(keras.layers.GaussianNoise(0.05)(inputs))


def _named(inputs: keras.KerasTensor, x: keras.KerasTensor, classes: int, dropout: float) -> keras.Model:
    x = keras.layers.Dense(classes, name="logits")(keras.layers.Dropout(dropout)(x))
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x))
