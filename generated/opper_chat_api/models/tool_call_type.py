# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

ToolCallType: TypeAlias = Literal["function", "custom"] | str
""" A type of tool. """
