"""Fits the models. The only place here that imports TensorFlow; no node imports this package."""

import os

# TensorFlow reads it when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
