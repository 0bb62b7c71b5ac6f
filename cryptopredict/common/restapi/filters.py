"""Filters that more than one list uses."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from rest_framework import serializers

from cryptopredict.common.restapi.parsing import MomentField


class _MomentFormField(forms.CharField):
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return MomentField().run_validation(text)
        except serializers.ValidationError as error:
            messages = error.detail if isinstance(error.detail, list) else [error.detail]
            raise forms.ValidationError([str(message) for message in messages], code="invalid") from None


class MomentFilter(django_filters.Filter):  # type: ignore[misc]  # the library has no types
    """A moment that is not in the future, as `MomentField` reads it."""

    field_class = _MomentFormField
