"""Lets the tests import the helper beside them, and serves a dashboard without ROS."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from collections.abc import Callable, Iterator

import pytest
from served import Source

from fitness_visualization.dashboard.server import Server, Settings


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def serve(source: Source, logged: list[str]) -> Iterator[Callable[..., Server]]:
    servers = []

    def start(**settings) -> Server:
        server = Server(source, Settings(**({"port": 0} | settings)), logged.append)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()
