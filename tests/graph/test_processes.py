"""`./fitness live --processes`: it refuses, forgets and ends as the graph in one process does."""

DEMO = ("live", "--demo", "--no-dashboard", "--no-overlay", "--processes")


def test_a_node_after_the_source_that_refuses_its_input_ends_it_with_that(fitness) -> None:
    done = fitness(*DEMO, "-p", "rep_counter.exercise:=sqat")
    assert done.returncode == 2, done.stdout
    assert "'sqat'" in done.stderr and "repetitions" not in done.stdout
