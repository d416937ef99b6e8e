"""What is wrong in a file that somebody wrote is told in their words, with its place."""

import pytest
import yaml

from fitness_core.yaml_text import parse


@pytest.mark.parametrize(
    ("text", "place", "what_to_do"),
    [
        ("name: squat\nsay: Knees: out\n", "line 2, column 11", "put a text with a colon in quotes"),
        ("name: squat\n  joint: knee\n", "line 2, column 8", "mend the indentation"),
        ("say: 'don't sag'\n", "line 1, column 11", "one pair of quotes"),
        ("name: squat\n\tjoint: knee\n", "line 2, column 1", "indent with spaces"),
        ("say: @home\n", "line 1, column 6", "put it in quotes"),
        ('say: "Lower\n', "line 1, column 6", "a quote is not closed"),
        ('say: "C:\\dir"\n', "line 1, column 6", "put the text in '...'"),
        ("say: !now\n", "line 1, column 6", "must be in quotes"),
        ("say: a\nlower\n\n", "line 2, column 1", "lacks its colon"),
        ("say: [a, b\nname: c\n", "line 2, column 5", "expected ',' or ']'"),
        ("say: a\nsay: b\n", "line 2, column 1", "leave one of them out"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str, place: str, what_to_do: str) -> None:
    with pytest.raises(yaml.YAMLError) as raised:
        parse(text)
    said = str(raised.value)
    assert said.startswith(f"{place}: ") and what_to_do in said and "\n" not in said


def test_a_sign_that_cannot_be_is_one_line_too() -> None:
    with pytest.raises(yaml.YAMLError, match=r"^unacceptable character #x0007: [^\n]*$"):
        parse("say: \x07")
