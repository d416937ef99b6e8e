"""What a process is told of DDS: the domain, who implements it, the keys. Loads nothing of ROS 2's own."""

import os

from ament_index_python import get_resources

from fitness_core.errors import InputError

HIGHEST = 232
"""Of a higher one the ports are too high: https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Domain-ID.html."""


def check_environment() -> None:
    """Raise InputError for what ROS 2 has no words for.

    A ROS_DOMAIN_ID that Fast DDS has no ports for, with which a process would end at its first node; SROS 2 that is
    enforced without keys, of which it says *error not set*.
    """
    enforced = os.environ.get("ROS_SECURITY_ENABLE") == "true" and os.environ.get("ROS_SECURITY_STRATEGY") == "Enforce"
    if enforced and not os.environ.get("ROS_SECURITY_KEYSTORE"):
        raise InputError("ROS_SECURITY_STRATEGY is Enforce; give ROS_SECURITY_KEYSTORE too, the folder of the keys")
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
