# The whole graph on apt's ROS 2 Jazzy; docs/deploy.md tells how it is run.

FROM ros:jazzy-ros-base AS build
# Not pinned: Ubuntu keeps no older version of a package to pin to.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake g++ make python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/ros2_fitness
COPY . .
# The pinned packages and the workspace, below .ros-jazzy/: what ./fitness does at its first start.
RUN /ros_entrypoint.sh ./fitness shell -- true

# No compiler and no development files here. The environment knows its place, so it is the same one.
FROM ros:jazzy-ros-core
RUN useradd --create-home --uid 10001 --groups video fitness
COPY --from=build /opt/ros2_fitness /opt/ros2_fitness
WORKDIR /opt/ros2_fitness
# Also for another user (docker run --user): nothing is written but below /tmp and what is mounted.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib PYTHONDONTWRITEBYTECODE=1 ROS_LOG_DIR=/tmp/ros
# By number: who starts the image can see that it is not root.
USER 10001
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["/ros_entrypoint.sh", "./fitness", "shell", "--", "python", "deploy/health.py"]
STOPSIGNAL SIGINT
ENTRYPOINT ["/ros_entrypoint.sh"]
CMD ["./fitness", "live"]
