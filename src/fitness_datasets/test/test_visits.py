"""What `session.yaml` says of the visits of one session, which may differ in camera and pose network."""

from pathlib import Path

import yaml

from fitness_datasets.collection.session import FILE, Session


def test_no_bag_has_the_pose_network_of_a_former_visit(tmp_path: Path) -> None:
    first = Session.open(tmp_path, "P01", "S01")
    first.bag, first.pose = "bag_001", {"backend": "mediapipe", "model": "full"}
    first.write()
    # The estimator of the second visit, somebody else's, tells nothing of itself.
    second = Session.open(tmp_path, "P01", "S01")
    second.bag = "bag_002"
    second.write()
    bags = yaml.safe_load((tmp_path / "P01_S01" / FILE).read_text())["bags"]
    assert bags["bag_001"]["pose"] == {"backend": "mediapipe", "model": "full"}
    assert bags["bag_002"]["pose"] == {}
