# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

SearchContextSize: TypeAlias = Literal["low", "medium", "high"] | str
""" How much of the search results the model reads. `medium` by default. """
