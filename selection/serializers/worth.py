"""The wire shape of what decisions were worth."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class MeanSerializer(serializers.Serializer[Any]):
    """A mean of excess returns with its 95 % interval; null with its reason where not known."""

    count = serializers.IntegerField()
    periods = serializers.IntegerField(help_text=_("separate periods that the cases come from"))
    mean = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class DecisionMeanSerializer(MeanSerializer):
    decision = serializers.CharField()


class JudgedSerializer(serializers.Serializer[Any]):
    decisions = DecisionMeanSerializer(many=True)
    added = MeanSerializer(help_text=_("mean of what was approved less that of what was rejected"))


class ReviewerSerializer(JudgedSerializer):
    reviewer = serializers.CharField()


class HorizonSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    rivals = serializers.DictField(child=JudgedSerializer())
    reviewers = ReviewerSerializer(many=True)


class WorthSerializer(serializers.Serializer[Any]):
    """What decisions were worth after 7, 30 and 90 days against their rivals; fractions."""

    as_of = serializers.DateTimeField(allow_null=True)
    sentence = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    horizons = HorizonSerializer(many=True)
