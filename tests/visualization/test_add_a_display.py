"""The display of docs/add-a-display.md, as it is on the page."""

import re
import runpy
from pathlib import Path

import rclpy
from spun import Spun
from std_msgs.msg import String

from fitness_core.ros import qos
from fitness_msgs.msg import RepState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add-a-display.md"


def test_the_display_of_the_page_works(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "scoreboard.py"
    file.write_text(code)
    rclpy.init()
    spun = Spun()
    display = runpy.run_path(str(file))["ScoreboardNode"](namespace=spun.namespace)
    other = rclpy.create_node("other", namespace=spun.namespace)
    states = other.create_publisher(RepState, "rep_state", qos.STREAM)
    lines: list[str] = []
    try:
        display.start()
        spun.spin(display, other)
        assert display.diagnose()[1] == "nobody watches"
        other.create_subscription(String, "scoreboard", lambda line: lines.append(line.data), qos.STREAM)
        spun.wait(states.get_subscription_count, "the display to listen")
        states.publish(RepState(exercise="squat", count=3))
        spun.wait(lambda: lines, "a line")
        assert lines == ["squat 3 ###......."]
        assert display.diagnose()[1] == "active"
    finally:
        display.stop()
        spun.close()
        rclpy.try_shutdown()
