"""The DDS domain of a process, and who implements DDS for it. Loads nothing of ROS 2's own."""

import os

from ament_index_python import get_resources

from fitness_core.errors import InputError

HIGHEST = 232
"""Of a higher one the ports are too high: https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Domain-ID.html."""


def check_domain() -> None:
    """Raise InputError for a ROS_DOMAIN_ID that Fast DDS has no ports for: at its first node a process would end."""
    given = os.environ.get("ROS_DOMAIN_ID", "").lstrip("0")
    by_fast_dds = os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp").startswith("rmw_fastrtps")
    # What is no number ROS 2 refuses itself.
    if by_fast_dds and given.isdecimal() and (len(given) > len(str(HIGHEST)) or int(given) > HIGHEST):
        raise InputError(f"ROS_DOMAIN_ID is {given}; accepted: 0 .. {HIGHEST}, best of 0 .. 101")


def check_middleware() -> None:
    """Raise InputError for an RMW_IMPLEMENTATION that is not installed: a process would end when it loads ROS 2."""
    given = os.environ.get("RMW_IMPLEMENTATION", "")
    try:
        there = sorted(get_resources("rmw_typesupport").keys() - {"rmw_implementation"})
    except OSError:  # no ROS 2 is sourced, which is told where it is missed
        return
    if given and there and given not in there:
        accepted = ", ".join(there)
        raise InputError(f"RMW_IMPLEMENTATION is {given}, which is not installed; accepted: {accepted}; or unset it")
