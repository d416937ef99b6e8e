"""What the benchmark is to show, in one list for the terminal, the page and the test."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """name: in words. path: keys of the result. least, most: bounds, one of them given."""

    name: str
    path: tuple[str, ...]
    least: float | None = None
    most: float | None = None

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"

    def value(self, result: dict[str, Any]) -> float | None:
        """What was measured; None where it was not."""
        found: Any = result
        for key in self.path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def met(self, result: dict[str, Any]) -> bool | None:
        """Whether it is kept; None where it was not measured."""
        value = self.value(result)
        if value is None:
            return None
        return value >= self.least if self.least is not None else value <= (self.most or 0.0)


TARGETS = (
    Target("graph in one process, fps of the bare pose loop", ("ratios", "graph_vs_pose"), least=0.95),
    Target("graph in separate processes, fps of the bare pose loop", ("ratios", "processes_vs_pose"), least=0.90),
    Target("graph in one process, fps of the existing system", ("ratios", "graph_vs_existing"), least=4.0),
    Target("everything but pose, CPU per picture [ms]", ("cpu_ms_per_frame", "beyond_pose"), most=2.0),
    Target("LiteRT backend, latency of MediaPipe's", ("ratios", "litert_latency_vs_mediapipe"), most=0.55),
    Target("LiteRT backend, CPU of MediaPipe's", ("ratios", "litert_cpu_vs_mediapipe"), most=1.0),
    Target("stamp to RepEvent beyond the pose stage, p95 [ms]", ("latency_ms", "stamp_to_rep_p95"), most=10.0),
    Target("replay of landmarks, times real time", ("replay_speed",), least=300.0),
    Target("start to first pose [s]", ("start_s", "first_pose"), most=3.0),
    Target("peak memory of the graph in one process [MB]", ("memory_mb", "one_process_peak"), most=450.0),
    Target("two cameras, CPU of one", ("ratios", "two_cameras"), most=2.05),
)
"""Of the issue that asked for the benchmark."""
