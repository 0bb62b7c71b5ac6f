"""Texts that only this system can read: encrypted before they reach the database."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

MARK = "sealed:"
UNREADABLE = "unreadable://"  # what is read where the secret key it was sealed with is not known any more
PURPOSE = b"cryptopredict.accounts.sealed"


def seal(text: str) -> str:
    """`text` encrypted under the secret key (AES-SIV, RFC 5297; key by HKDF-SHA256, RFC 5869).

    The same text gives the same seal under one key, so that rows can be found and told apart by it.
    """
    return MARK + urlsafe_b64encode(_cipher(settings.SECRET_KEY).encrypt(text.encode(), [PURPOSE])).decode()


def unseal(text: str) -> str:
    """The text behind a seal, also of an earlier key (SECRET_KEY_FALLBACKS); UNREADABLE without its key."""
    body = urlsafe_b64decode(text.removeprefix(MARK))
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _cipher(secret).decrypt(body, [PURPOSE]).decode()
        except InvalidTag:
            continue
    return UNREADABLE


@lru_cache(maxsize=4)
def _cipher(secret: str) -> AESSIV:
    return AESSIV(HKDF(SHA256(), 64, None, PURPOSE).derive(secret.encode()))


class SealedField(models.TextField):
    """A text stored encrypted, but for the words in `plain`, which are no secrets and may be searched for."""

    def __init__(self, *args: Any, plain: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.plain = tuple(plain)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "plain": self.plain}

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return text if text is None or text in self.plain else seal(text)

    def from_db_value(self, value: str | None, *_context: object) -> str | None:
        return unseal(value) if value is not None and value.startswith(MARK) else value
