"""Fitted models as JSON: exact floats, no code run on load, one hash that vouches for the bytes."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, get_type_hints

import numpy as np

F = TypeVar("F")


class ArtefactError(ValueError):
    """The stored bytes are not the model they claim to be."""


class ShapeError(ArtefactError):
    """The bytes are whole, and hold a fit of another shape: one that other code has made."""


def encode(fit: object) -> bytes:
    """Canonical JSON of a fit: a dataclass of floats, texts, bytes, arrays, tuples, dicts and such."""
    return json.dumps(_plain(fit), sort_keys=True, separators=(",", ":"), allow_nan=True).encode()


def digest(artefact: bytes) -> str:
    """SHA-256 of the artefact, hexadecimal."""
    return hashlib.sha256(artefact).hexdigest()


def decode(kind: type[F], artefact: bytes | None, sha256: str | None = None) -> F:
    """The fit of dataclass `kind` back from `encode`; raises ArtefactError where it is missing, or its
    hash or
    shape is wrong."""
    if artefact is None:
        raise ArtefactError("the artefact is missing")
    if sha256 is not None and digest(artefact) != sha256:
        raise ArtefactError("the artefact's hash differs from the one it was stored with")
    try:
        fit = _build(kind, json.loads(artefact))
        if not isinstance(fit, kind):
            raise TypeError(f"it holds a {type(fit).__name__}")
        return fit
    except (ValueError, TypeError, KeyError) as error:
        raise ShapeError(f"not a {kind.__name__}: {error}") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, np.ndarray):
        return {"array": value.ravel().tolist(), "shape": list(value.shape), "dtype": str(value.dtype)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _build(kind: Any, value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"array", "shape", "dtype"}:
        return np.asarray(value["array"], dtype=value["dtype"]).reshape(value["shape"])
    if isinstance(value, dict) and set(value) == {"base64"}:
        return base64.b64decode(value["base64"], validate=True)
    if isinstance(kind, UnionType):
        kind = next((option for option in kind.__args__ if option is not type(None)), kind)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        hints = get_type_hints(kind)
        return kind(**{f.name: _build(hints[f.name], value[f.name]) for f in fields(kind)})
    arguments: tuple[Any, ...] = getattr(kind, "__args__", ())
    if isinstance(value, list):
        return tuple(_build(arguments[0] if arguments else None, item) for item in value)
    if isinstance(value, dict):
        inner = arguments[1] if len(arguments) == 2 else None
        return {key: _build(inner, item) for key, item in value.items()}
    return value
