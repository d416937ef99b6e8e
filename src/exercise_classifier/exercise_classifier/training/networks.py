"""The networks, each a function that returns a `keras.Model` from windows of features to probabilities."""

import keras

from exercise_classifier.features import N_FEATURES


def build_lstm(steps: int, classes: int, units: int = 64, dropout: float = 0.4, decay: float = 1e-4) -> keras.Model:
    """One LSTM over the steps, its outputs averaged; about 40 k parameters with the defaults.

    Source: Hochreiter, Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735.
    """
    inputs = keras.Input((steps, N_FEATURES))
    x = keras.layers.GaussianNoise(0.05)(inputs)
    x = keras.layers.SpatialDropout1D(0.1)(x)
    x = keras.layers.Dense(48, activation="relu", kernel_regularizer=keras.regularizers.L2(decay))(x)
    x = keras.layers.LSTM(units, return_sequences=True, kernel_regularizer=keras.regularizers.L2(decay))(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dropout(dropout)(x)
    x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x))
