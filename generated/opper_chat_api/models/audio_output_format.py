# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

AudioOutputFormat: TypeAlias = Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"] | str
""" The encoding of audio output. """
