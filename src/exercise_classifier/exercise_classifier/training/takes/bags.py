"""Takes out of a bag: its poses, between the labels of the same namespace."""

from dataclasses import replace
from typing import Any

import numpy as np

from exercise_classifier.training.takes.files import Found, RecordingFile
from exercise_classifier.training.takes.spans import Problem, Span, apart, problem_of, spans_of
from exercise_classifier.training.takes.takes import Take, take_of
from fitness_core.errors import InputError
from fitness_core.ros.messages import from_body_pose
from fitness_core.types import SET_BACK, Pose, seconds
from fitness_datasets.bags import BagReader
from fitness_datasets.collection.session import not_kept


def read_bag(source: RecordingFile) -> Found:
    """The takes of a bag, of each camera or robot in it. Raises InputError for one that cannot be read."""
    found = Found()
    with BagReader(source.path) as bag, bag.older():
        label_topics, pose_topics = bag.find_all("take_label"), bag.find_all("body_pose")
        missing = [name for name, topics in (("take labels", label_topics), ("body poses", pose_topics)) if not topics]
        if missing:
            return Found(
                problems=[Problem(source.name, "", "", "unlabelled", f"the bag has no {' and no '.join(missing)}")]
            )
        labelled = {topic: _labels_of(topic, label_topics) for topic in sorted(pose_topics)}
        for pose_topic, label_topic in labelled.items():
            # Of several cameras or robots each is a recording of its own; one camera needs no name.
            namespace = _namespace(pose_topic) if len(labelled) > 1 else ""
            of = replace(source, name=source.name + namespace)
            if label_topic:
                takes, problems, withdrawn = _read_topics(bag, pose_topic, label_topic, of, source.name)
                found = replace(found, takes=found.takes + takes, withdrawn=found.withdrawn + withdrawn)
            else:
                problems = [Problem(of.name, "", "", "unlabelled", f"no take labels are beside {pose_topic}")]
            found = replace(found, problems=found.problems + problems)
        for label_topic in sorted({*label_topics} - {*labelled.values()}):
            says = f"no body poses are beside {label_topic}"
            found.problems.append(Problem(source.name, "", "", "unlabelled", says))
        if not (found.takes or found.problems or found.withdrawn):
            says = f"no take was recorded: nothing is on {', '.join(sorted(label_topics))}"
            found.problems.append(Problem(source.name, "", "", "unlabelled", says))
        return replace(found, recovered=bag.recovered)


def _namespace(topic: str) -> str:
    return topic.rpartition("/")[0]


def _labels_of(pose_topic: str, label_topics: list[str]) -> str:
    """The take labels of poses: those of their namespace, else the only ones there are; "" = nobody knows."""
    beside = [topic for topic in label_topics if _namespace(topic) == _namespace(pose_topic)] or label_topics
    return beside[0] if len(beside) == 1 else ""


def _read_topics(
    bag: BagReader, pose_topic: str, label_topic: str, source: RecordingFile, name: str
) -> tuple[list[Take], list[Problem], int]:
    """Takes of one camera, what is wrong, and how many were withdrawn. name: of the bag."""
    labels: list[Any] = []
    by_stamp: dict[int, Pose] = {}
    newest, run = 0, 0
    run_of: dict[int, int] = {}  # stamp -> how often the clock had been set back before that pose
    refused: list[str] = []
    for topic, _, message in bag.messages([label_topic, pose_topic]):
        if topic == label_topic:
            labels.append(message)
            continue
        try:
            pose = from_body_pose(message)
        except InputError as error:
            # As live: the message is dropped, the others are of use.
            refused.append(str(error))
            continue
        if newest - pose.stamp > SET_BACK:
            newest, run = 0, run + 1
        newest = max(newest, pose.stamp)
        if pose.stamp not in by_stamp:
            by_stamp[pose.stamp] = pose
            run_of[pose.stamp] = run
    spans, problems, withdrawn = spans_of(labels, source.name)
    if refused:
        says = f"{len(refused)} of {len(refused) + len(by_stamp)} poses cannot be used and are left out: {refused[0]}"
        problems.append(Problem(source.name, "", "", "refused", says))
    poses = [by_stamp[stamp] for stamp in sorted(by_stamp)]
    stamps = np.array([pose.stamp for pose in poses], np.int64)
    takes = []
    undecided = not_kept(source.path)
    for span in apart(spans, source.name, problems):
        if status := undecided.get(span.label.take):
            says = f"session.yaml says that it is {status}; set its status to kept there, if it is to be taken"
            problems.append(problem_of(span, source.name, "not_kept", says))
            continue
        inside = poses[np.searchsorted(stamps, span.start) : np.searchsorted(stamps, span.stop, side="right")]
        if len({run_of[pose.stamp] for pose in inside}) > 1:
            says = "the clock went back, so that poses of two moments are between its START and STOP"
            problems.append(problem_of(span, source.name, "backwards", says))
        elif inside:
            bodies = _by_body(inside)
            takes += [_bag_take(span, number, body, source, name) for number, body in enumerate(bodies, 1)]
        else:
            problems.append(problem_of(span, source.name, "empty", "no pose between START and STOP"))
    return takes, problems, withdrawn


def _by_body(poses: list[Pose]) -> list[list[Pose]]:
    """The poses of each body that was followed, one after the other: as live, no window is of two people."""
    bodies: list[list[Pose]] = [[]]
    followed = ""
    for pose in poses:
        if pose.tracked and pose.body_id != followed:
            if followed:
                bodies.append([])
            followed = pose.body_id
        bodies[-1].append(pose)
    return bodies


def _bag_take(span: Span, number: int, poses: list[Pose], source: RecordingFile, bag: str) -> Take:
    """A take of one body. number: of the body in it, 1 = first."""
    subject = span.label.subject.strip()
    return take_of(
        f"{source.name}/{span.name}" + (f" body {number}" if number > 1 else ""),
        span.label.exercise,
        f"subject {subject}" if subject else f"bag {bag}",
        np.array([seconds(pose.stamp - poses[0].stamp) for pose in poses]),
        poses,
        kind="bag",
        subject=subject,
        source=bag,
    )
