# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

InputAudioFormat: TypeAlias = Literal["wav", "mp3"] | str
""" The encoding of audio input. """
