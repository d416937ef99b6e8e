"""Faults before the landmarks: a camera that goes and comes back, a pose estimator that is killed."""

import http.server
import random
import threading
import time

import cv2
import numpy as np

from fitness_bringup.faults.kills import REST
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault


class _Camera(http.server.BaseHTTPRequestHandler):
    """A network camera: MJPEG over http while it is plugged in."""

    plugged = threading.Event()

    def do_GET(self) -> None:
        if not self.plugged.is_set():
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        picture = cv2.imencode(".jpg", np.full((240, 320, 3), 100, np.uint8))[1].tobytes()
        while self.plugged.is_set():
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + picture + b"\r\n")
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Nothing to the terminal."""


def camera_and_pose(stage: Stage, kills: int, seed: int) -> list[Fault]:
    """Both rows: pictures of an empty room from a network camera of our own, through camera and pose estimator."""
    unplugged, killed = Fault("camera unplugged and back", 1), Fault("pose_estimator killed -9")
    chance = random.Random(seed)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    server.daemon_threads = True
    _Camera.plugged.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/video"
    chain = stage.run(
        [
            stage.program("camera", "fitness_camera.camera_node", "-p", f"source:={address}"),
            stage.program(
                "pose_estimator", "pose_estimator.pose_estimator_node", "-r", "body_pose:=pictured/body_pose"
            ),
        ]
    )
    try:
        stage.until(lambda: "pictured/body_pose" in stage.notes.times, "camera and pose estimator do not start")
        begun = time.monotonic()
        _Camera.plugged.clear()
        unplugged.declared += stage.told(begun, "/camera", "lost", patience=30.0)
        _Camera.plugged.set()
        back = time.monotonic()
        unplugged.back(stage.within(lambda: stage.notes.times["pictured/body_pose"] > back))
        for _ in range(kills):
            killed.injected += 1
            begun = time.monotonic()
            killed.back(stage.kill(chain, "pose_estimator", "pictured/body_pose"))
            killed.declared += stage.told(begun, ": pose_estimator", "SIGKILL", patience=5.0)
            time.sleep(chance.uniform(*REST))
    finally:
        _Camera.plugged.clear()
        stage.end(chain)
        server.shutdown()
        server.server_close()
    return [unplugged, killed]
