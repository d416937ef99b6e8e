"""Any message that an interface definition allows, made from its fields."""

import random
import re
from array import array
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from hypothesis import strategies as st
from sensor_msgs.msg import Image

FEW = 6
"""Longest sequence whose elements are drawn one by one; longer ones repeat a few."""
_SIGNED = re.compile(r"^(u?)int(8|16|32|64)$")
_ARRAY = re.compile(r"^(.*)\[(\d+)\]$")
_SEQUENCE = re.compile(r"^sequence<(.*?)(?:, (\d+))?>$")

_ODD = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-38, 3.4e38, -3.4e38, 1e19, -1.0, 2.0]
floats = st.one_of(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5), st.sampled_from(_ODD))
doubles = st.one_of(floats, st.sampled_from([1e308, -1e308, 5e-324]))
# What ROS 2 hands over: UTF-8 without surrogates; a NUL ends a string of C.
texts = st.one_of(
    st.sampled_from(
        ["", "squat", "curl", "idle", "no such exercise", "bgr8", "mono8", "rgba8", "16UC1", "%s{}", "é" * 40]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.just("x" * 5000),
)


def messages(kind: type) -> st.SearchStrategy[Any]:
    """Any message of a type: any float (NaN, infinite, huge), any number that its field holds, any text and length."""
    return _message(kind)


@cache
def _message(kind: type) -> st.SearchStrategy[Any]:
    fields = {name: _value(text) for name, text in kind.get_fields_and_field_types().items()}
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


def _value(text: str) -> st.SearchStrategy[Any]:
    if array := _ARRAY.match(text):
        return _list(array[1], int(array[2]), int(array[2]))
    if sequence := _SEQUENCE.match(text):
        return _list(sequence[1], 0, int(sequence[2] or 0) or 40)
    if number := _SIGNED.match(text):
        bits = int(number[2])
        low, high = (0, 2**bits - 1) if number[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        # Small ones first: they are the enumerations, and the counts that happen.
        return st.one_of(st.integers(max(low, 0), 6), st.integers(low, high), st.sampled_from([low, high]))
    if text in ("float", "double"):
        return floats if text == "float" else doubles
    if text == "boolean":
        return st.booleans()
    if text == "octet":
        return st.binary(min_size=1, max_size=1)
    if text.startswith("string"):
        return texts
    package, name = text.split("/")
    return _message(getattr(import_module(f"{package}.msg"), name))


def _list(element: str, least: int, most: int) -> st.SearchStrategy[Any]:
    values = _value(element)
    few = st.lists(values, min_size=least, max_size=min(most, FEW)) if least <= FEW else st.nothing()
    # A few values strewn over a long list: drawing 264 floats one by one would be all that there is time for.
    many = st.builds(
        lambda pool, length, seed: random.Random(seed).choices(pool, k=length),
        st.lists(values, min_size=1, max_size=4),
        st.integers(max(least, 1), most),
        st.integers(0, 2**32),
    )
    lists = st.one_of(few, many) if most > FEW else few
    if element in ("float", "double") and least == most:
        return lists.map(lambda numbers: np.array(numbers, np.float32 if element == "float" else np.float64))
    return lists


@cache
def pictures() -> st.SearchStrategy[Any]:
    """Pictures whose encoding, step and data fit each other, almost do, or do not at all."""
    encodings = st.sampled_from(["bgr8", "rgb8", "bgra8", "rgba8", "mono8", "8UC3", "8UC1", "16UC1", "mono16", "32FC1"])

    def fitting(image: Any, encoding: str, height: int, width: int, pixel: int, padding: int, missing: int) -> Any:
        image.encoding, image.height, image.width = encoding, height, width
        image.step = max(0, width * pixel + padding)
        image.data = array("B", bytes(max(0, image.step * height - missing)))
        return image

    nought_more_often = st.one_of(st.just(0), st.integers(-3, 9))
    sizes = st.one_of(st.integers(0, 64), st.just(1))
    likely = st.builds(
        fitting, _message(Image), encodings, sizes, sizes, st.integers(1, 4), nought_more_often, nought_more_often
    )
    return st.one_of(likely, _message(Image))
