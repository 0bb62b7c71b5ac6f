"""CryptoPredict: how much, where, which and when, with an honest record."""

from cryptopredict.celery import app as celery_app

__all__ = ["celery_app"]
