"""A file that a model refuses: its writer is told what to do, in words of YAML and not of Python."""

import pytest

from fitness_core.catalogue import SHIPPED, Catalogue
from fitness_core.errors import InputError

SQUAT = (SHIPPED / "squat.yaml").read_text()


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("turn_deg:", "turn_degrees:", "turn_degrees: there is no such field; did you mean 'turn_deg'? (given: 130)"),
        ("is: above", "iss: above", "posture.0.is: it is missing"),
        ("by: 0.1}", "by: 0.1, height: 2}", "posture.0.height: there is no such field; there are: point, of, is, by, "),
        ("say: Keep", "says: Keep", "form.1.say: it is missing"),
        ("direction: flex\n", "", "direction: it is missing"),
        (
            "name: squat",
            "name: Front-Squat",
            "name: Input should be of small letters, digits and _, a letter first",
        ),
        ("title: Squat", "title: 21", "title: Input should be text; put quotes around it (given: 21)"),
        ("is: above", "is: over", "posture.0.is: Input should be 'above' or 'below' (given: 'over')"),
        (
            "  - {point: shoulder",
            "  {point: shoulder",
            "posture: Input should be a list: `[a, b]`, or a line with",
        ),
        (
            "  - {point: hip, of: ankle, by: -0.15}",
            "  - hip",
            "travel.0: Input should be fields and their values: ",
        ),
        ("  - {point: hip, of: ankle", "  - {point: hip, of: floor", "'foot_index', or 'picture' (given: 'floor')"),
    ],
)
def test_who_mistypes_an_exercise_is_told_what_to_write(tmp_path, right, wrong, says):
    assert right in SQUAT
    (tmp_path / "squat.yaml").write_text(SQUAT.replace(right, wrong, 1))
    with pytest.raises(InputError) as refused:
        Catalogue.load(tmp_path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "'joint': 'knee'" not in str(refused.value), "the whole file is no value of a field"
