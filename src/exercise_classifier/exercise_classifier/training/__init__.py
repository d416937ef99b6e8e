"""Fits the models. The only place here that imports TensorFlow; no node imports this package."""
