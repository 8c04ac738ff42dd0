# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

ImageDetail: TypeAlias = Literal["auto", "low", "high"] | str
""" The level of detail of an image, which determines how many tokens it costs. `auto` by default. """
