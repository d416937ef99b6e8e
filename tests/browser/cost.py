"""What the dashboard costs: of CPU beside the pose stage, and the graph when many watch. Ratios within one run.

    python tests/browser/cost.py CLIP

One process for each node, as the launch files start them; on a machine that does nothing else.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

SPAN = 6.0
"""How long each is measured [s]."""
MANY = 8
DEADLINE = 60.0
TICK = os.sysconf("SC_CLK_TCK")
NODES = {
    "camera": "fitness_camera",
    "pose_estimator": "pose_estimator",
    "exercise_classifier": "exercise_classifier",
    "rep_counter": "rep_counter",
    "dashboard": "fitness_visualization",
}


@dataclass
class Graph:
    """One process for each node, as the launch files start them. address: of the dashboard."""

    processes: dict[str, subprocess.Popen]
    address: str

    def cpu(self, node: str) -> float:
        """CPU time of a node so far [s]."""
        fields = Path(f"/proc/{self.processes[node].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


@contextmanager
def running(clip: str) -> Iterator[Graph]:
    """The graph on a clip that is played again and again."""
    own = {"camera": ["-p", f"source:={clip}", "-p", "loop:=true"], "dashboard": ["-p", "port:=0"]}
    processes = {
        node: subprocess.Popen(
            [
                *(sys.executable, "-c", f"import sys, {package}.{node}_node as n; sys.exit(n.main())"),
                *("--ros-args", "-r", "__ns:=/cost", "--log-level", "error", *own.get(node, [])),
            ],
            stderr=subprocess.PIPE if node == "dashboard" else None,
            text=True,
        )
        for node, package in NODES.items()
    }
    try:
        stderr = processes["dashboard"].stderr
        assert stderr is not None
        yield Graph(processes, next(line for line in stderr if line.startswith("dashboard: ")).split()[1])
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.communicate(timeout=DEADLINE)


async def watch(address: str, pictures: list[int]) -> None:
    """A page that shows pictures, drawn as soon as they come."""
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}/ws", max_msg_size=0) as link:
        await link.send_json({"type": "picture", "on": True})
        async for message in link:
            if message.type == aiohttp.WSMsgType.BINARY:
                pictures.append(len(message.data))
                await link.send_json({"type": "drawn"})


async def processed(address: str) -> int:
    """Pictures that the pose estimator has processed, by its diagnostics."""
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}/ws") as link:
        async for message in link:
            told = json.loads(message.data)
            if told["type"] == "graph" and "processed" in told["nodes"].get("pose_estimator", {}).get("values", {}):
                return int(told["nodes"]["pose_estimator"]["values"]["processed"])
    raise AssertionError("the dashboard ended")


async def measure(graph: Graph, viewers: int) -> tuple[float, float, float]:
    """CPU of the dashboard as a share of the pose stage's, poses per second, pictures per second of each viewer."""
    pictures: list[list[int]] = [[] for _ in range(viewers)]
    watching = [asyncio.create_task(watch(graph.address, seen)) for seen in pictures]
    while viewers and min(map(len, pictures)) < 5:
        await asyncio.sleep(0.02)
    before = [await processed(graph.address), time.monotonic(), graph.cpu("dashboard"), graph.cpu("pose_estimator")]
    shown = [len(seen) for seen in pictures]
    await asyncio.sleep(SPAN)
    after = [await processed(graph.address), time.monotonic(), graph.cpu("dashboard"), graph.cpu("pose_estimator")]
    shown = [len(seen) - old for seen, old in zip(pictures, shown, strict=True)]
    for task in watching:
        task.cancel()
    poses, span, dashboard, pose = (new - old for new, old in zip(after, before, strict=True))
    return dashboard / pose, poses / span, sum(shown) / span / max(1, viewers)


def main() -> int:
    """Print the CPU shares and rates with 0, 1 and MANY viewers."""

    async def scenario(graph: Graph) -> list[tuple[float, float, float]]:
        while await processed(graph.address) < 10:
            await asyncio.sleep(0.1)
        return [await measure(graph, viewers) for viewers in (0, 1, MANY)]

    with running(sys.argv[1]) as graph:
        measured = asyncio.run(asyncio.wait_for(scenario(graph), DEADLINE + 4 * SPAN))
    for viewers, (share, poses, pictures) in zip((0, 1, MANY), measured, strict=True):
        print(f"{viewers} viewers: {share:.0%} of the pose stage's CPU, {poses:.1f} poses/s, {pictures:.1f} pictures/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
