"""Pages that need nothing else: their templates and their style."""

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from fitness_core.words import words_of


def template(
    name: str, filters: Mapping[str, Callable[..., Any]], tests: Mapping[str, Callable[..., bool]] | None = None
) -> jinja2.Template:
    """A template of this package. filters, tests: what it may use beside `words` and the variable `style`."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"words": words_of, **filters}
    environment.tests |= tests or {}
    environment.globals["style"] = Markup(template_file("report.css"))
    return environment.from_string(template_file(name))


def template_file(name: str) -> str:
    """The text of a file that pages are made of."""
    return resources.files("fitness_bringup").joinpath("templates", name).read_text()
