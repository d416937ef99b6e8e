"""One network on the CPU: LiteRT with XNNPACK, computing only the outputs that are asked for."""

import struct
from collections.abc import Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from fitness_core.errors import InputError
from fitness_core.quiet import LITERT_CHATTER, without
from pose_estimator.litert.files import NetworkFile

_IDENTIFIER = b"TFL3"


class Network:
    """A network of one picture in and several arrays out.

    sizes: the number of values of each wanted output, in the order in which `run` returns them;
    what only other outputs need is cut off (the segmentation of BlazePose is a third of its cost). XNNPACK, LiteRT's
    default on the CPU, runs on `threads` threads. side: length of the input's sides [px]. Raises InputError where the
    model is not one of these.
    """

    def __init__(self, model: NetworkFile, sizes: Sequence[int], threads: int) -> None:
        with without(LITERT_CHATTER):
            try:
                self._interpreter = Interpreter(model_content=_cut(model, sizes), num_threads=threads)
                self._interpreter.allocate_tensors()
            except InputError as error:
                raise InputError(f"{model.place}: {error}; fetch it again, see docs/backends.md") from None
            except (struct.error, ValueError, IndexError, RuntimeError, TypeError, AttributeError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise InputError(f"{model.place} is damaged ({reason}); fetch it again, see docs/backends.md") from None
            [self._input] = (given["index"] for given in self._interpreter.get_input_details())
            outputs = {int(np.prod(out["shape"])): out["index"] for out in self._interpreter.get_output_details()}
            self._outputs = [outputs[size] for size in sizes]
            self.side = int(self._interpreter.get_tensor(self._input).shape[1])
            # The first inference is slower than the others: not at the expense of the first picture.
            self._interpreter.invoke()

    def run(self, picture: np.ndarray, low: float, high: float) -> list[np.ndarray]:
        """The outputs, float32, each of its own shape without the batch.

        picture: RGB uint8 [side, side, 3], whose 0..255 becomes low..high.
        """
        # The view must be gone before the network runs; hence in one breath.
        _scale(picture, low, high, self._interpreter.tensor(self._input)()[0])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def _scale(picture: np.ndarray, low: float, high: float, into: np.ndarray) -> None:
    np.multiply(picture, np.float32((high - low) / 255), out=into, dtype=np.float32)
    if low:
        into += np.float32(low)


def _cut(model: bytes, sizes: Sequence[int]) -> bytes:
    """The model with outputs of these sizes only, and without the operators that nothing else needs.

    Format: https://github.com/tensorflow/tensorflow/blob/v2.19.0/tensorflow/compiler/mlir/lite/schema/schema.fbs
    """
    if model[4:8] != _IDENTIFIER:
        raise InputError("not a network: it does not begin as a .tflite file does")
    whole = schema.ModelT.InitFromPackedBuf(model, 0)
    graph = whole.subgraphs[0]
    there = [int(np.prod(graph.tensors[index].shape)) for index in graph.outputs]
    if not set(sizes) <= set(there):
        raise InputError(f"not a pose network of BlazePose: its outputs have {there} values; needed: {list(sizes)}")
    graph.outputs = [index for index, size in zip(graph.outputs, there, strict=True) if size in sizes]
    needed, operators = set(graph.outputs), []
    for operator in reversed(graph.operators):
        if not needed.isdisjoint(operator.outputs):
            operators.append(operator)
            needed.update(operator.inputs)
    graph.operators = operators[::-1]
    # What describes the whole model would no longer fit.
    whole.signatureDefs = None
    builder = flatbuffers.Builder(len(model) + 65536)
    builder.Finish(whole.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())
