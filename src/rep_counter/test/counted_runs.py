"""Streams of poses taken through a counter, with what a classifier would say."""

from collections import Counter

from fitness_core.catalogue import Catalogue
from fitness_core.types import Classification, ClassificationStatus, nanoseconds
from rep_counter.counter import RepCounter

CATALOGUE = Catalogue.load()
LABELS = ("curl", "press", "squat", "other")


def label(time: float, name: str, probability: float = 0.9) -> Classification:
    """What a classifier says at a time [s]."""
    rest = (1 - probability) / (len(LABELS) - 1)
    probabilities = {other: probability if other == name else rest for other in LABELS}
    stamp = nanoseconds(time)
    return Classification(stamp, stamp - nanoseconds(2), ClassificationStatus.OK, name, probability, probabilities)


def run(poses, said=lambda time: None, exercise="", counter=None, probability=0.9):
    """All events and summaries of a stream of poses; `said(time)` is the exercise the classifier names, at 10 Hz."""
    counter = counter or RepCounter(CATALOGUE, exercise)
    events, summaries, states = [], [], []
    due = 0.0
    for pose in poses:
        time = pose.stamp / 1e9
        if time >= due:
            due = time + 0.1
            if name := said(time):
                counter.classify(label(time, name, probability))
        output = counter.step(pose)
        events += output.events
        summaries += output.summaries
        states.append(output.state)
    last = counter.finish()
    return events + last.events, summaries + last.summaries, states


def counted(events):
    return Counter(event.exercise for event in events if event.counted)
