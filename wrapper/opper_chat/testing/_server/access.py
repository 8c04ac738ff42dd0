"""The API keys, models and spans that the local server accepts."""

from collections.abc import Iterable
from uuid import UUID

from .._json import is_list, is_object
from .._replies.validation import check_names, show

DEFAULT_MODEL = "local/test-model"
"""The model of the response if the request names none."""

_NIL = UUID(int=0)


class AccessRules:
    """What is accepted. `LocalServer` documents the arguments and their defaults."""

    def __init__(
        self,
        keys: Iterable[str] | None = None,
        models: Iterable[str] | None = None,
        spans: Iterable[str | UUID] | None = None,
    ) -> None:
        for argument, names in (("keys", keys), ("models", models), ("spans", spans)):
            if names is not None:
                check_names(names, argument, f"a list of {argument} or None")
        self._keys = None if keys is None else frozenset(keys)
        self._models = None if models is None else list(models)
        self._spans = None if spans is None else frozenset(map(_uuid, spans))

    def accepts_key(self, authorization: str | None) -> bool:
        """Return whether an `Authorization` header has an accepted bearer key."""
        scheme, _, key = (authorization or "").strip().partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return False
        return not key.startswith("bad") if self._keys is None else key in self._keys

    def find_model(self, model: object) -> str | None:
        """Return the first known model in the `model` of a request, or None."""
        if model is None:
            return self._models[0] if self._models else DEFAULT_MODEL
        return next((name for name in model_names(model) if self._knows_model(name)), None)

    def has_span(self, span: str) -> bool:
        """Return whether a parent span exists."""
        return UUID(span) != _NIL if self._spans is None else UUID(span) in self._spans

    def _knows_model(self, name: str) -> bool:
        if self._models is not None:
            return name in self._models
        return "unknown" not in name.lower()


def _uuid(span: str | UUID) -> UUID:
    try:
        return UUID(str(span))
    except ValueError:
        raise ValueError(f"spans: expected UUIDs, got {show(span)}.") from None


def model_names(model: object) -> list[str]:
    """Return the names in the `model` of a request, fallbacks in their order."""
    if isinstance(model, str):
        return [model]
    if is_object(model):
        return [str(model["name"])]
    if is_list(model):
        return [name for item in model for name in model_names(item)]
    return []
