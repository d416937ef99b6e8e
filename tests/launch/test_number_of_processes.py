"""What other parts of the project say of how many processes there are."""

from fitness_bringup.commands import doctor


def test_doctor_wants_shared_memory_for_every_process(launch):
    assert len(launch("live.launch.py").nodes) == doctor.PROCESSES
