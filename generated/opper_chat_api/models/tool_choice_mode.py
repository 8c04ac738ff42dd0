# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

ToolChoiceMode: TypeAlias = Literal["none", "auto", "required"] | str
""" `none`: the model calls no tool. `auto`: the model decides. `required`: it must call at least one. """
