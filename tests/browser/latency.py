"""How old a pose is when it is on the screen: from its stamp, and from when the pose stage had published it.

    python tests/browser/latency.py CLIP [SECONDS]

The whole graph and a real Chromium on this machine, so that there is one clock: poses are timed by a subscriber of
body_pose, drawings by the page, in the animation frame that drew them, by the server's clock.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rclpy
from playwright.sync_api import Page, sync_playwright
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from fitness_core.ros import qos
from fitness_core.ros.serialized import stamp_of
from fitness_msgs.msg import BodyPose

BOUND = 0.150
"""95 % of the drawings are to be this young, beyond the pose stage [s]."""
NANOSECONDS = 1e9
SAME = 1e-4
"""Stamps that differ by less are one: a page has them in seconds, in floating point [s]."""


@dataclass(frozen=True)
class Ages:
    """Of each drawing [s]: since the stamp of its picture, and since its pose was heard. echoes: there and back [s]."""

    total: np.ndarray
    beyond: np.ndarray
    echoes: np.ndarray

    def __str__(self) -> str:
        def milliseconds(values: np.ndarray) -> str:
            return f"median {1000 * np.median(values):.0f} ms, 95 % {1000 * np.percentile(values, 95):.0f} ms"

        return (
            f"drawn {len(self.total)}\n"
            f"stamp to drawn:          {milliseconds(self.total)}\n"
            f"beyond the pose stage:   {milliseconds(self.beyond)} (bound {1000 * BOUND:.0f} ms)\n"
            f"there and back, no data: {milliseconds(self.echoes)}"
        )


@contextmanager
def poses_heard() -> Iterator[list[tuple[float, float]]]:
    """Stamp and time at which a subscriber in this process had the pose, in turn [s since the epoch]."""
    heard: list[tuple[float, float]] = []

    def hear(cdr: bytes) -> None:
        heard.append((stamp_of(cdr) / NANOSECONDS, time.time()))

    rclpy.init()
    node = Node("latency", namespace="fitness")
    node.create_subscription(BodyPose, "body_pose", hear, qos.EVERY, raw=True)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        rclpy.try_shutdown()


def ages(page: Page, until: Callable[[Page, str], None], drawings: int) -> Ages:
    """Of so many drawings of a page that shows pictures."""
    with poses_heard() as heard:
        until(page, "fitness.drawn > 5")
        # What was drawn before this process had found the pose stage has no time to be compared with.
        while not heard:
            until(page, f"fitness.drawn > {page.evaluate('fitness.drawn')}")
        page.evaluate("fitness.draws.length = fitness.echoes.length = 0; fitness.measure(30)")
        until(page, f"fitness.draws.length >= {drawings} && fitness.echoes.length >= 20")
        draws, echoes = page.evaluate("[fitness.draws, fitness.echoes]")
        stamps, times = np.array(heard).T
        drawn = [(stamp, at, times[np.abs(stamps - stamp) < SAME]) for stamp, at in draws]
        total = np.array([at - stamp for stamp, at, known in drawn if known.size])
        beyond = np.array([at - known[0] for _, at, known in drawn if known.size])
    return Ages(total, beyond, np.array(echoes))


def main() -> int:
    """Print the ages over some seconds of a clip that is played again and again."""
    sys.path.insert(0, str(Path(__file__).parent))
    from conftest import FLAGS, chromium, wait_until  # type: ignore[attr-defined]

    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--source", sys.argv[1], "--loop"]
    graph = subprocess.Popen([*command, "--port", "0", "--no-overlay"], stderr=subprocess.PIPE, text=True)
    assert graph.stderr is not None
    try:
        address = next(line for line in graph.stderr if line.startswith("dashboard: ")).split()[1]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address)
            print(ages(page, wait_until, int(15 * seconds)))
            browser.close()
    finally:
        graph.terminate()
        graph.communicate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
