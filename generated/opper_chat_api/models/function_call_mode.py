# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

FunctionCallMode: TypeAlias = Literal["none", "auto"] | str
""" `none`: the model calls no function. `auto`: the model decides. """
