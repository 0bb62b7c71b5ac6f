"""The addresses that look at all layers at once."""

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cryptopredict import dashboard
from cryptopredict.common.restapi import View, role_at_least


class LayerSerializer(serializers.Serializer[Any]):
    """One layer in one look; null is what is not known or not for the asker's role."""

    layer = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    key_metric = serializers.CharField()
    indicator_dots = serializers.IntegerField(min_value=0, max_value=4)
    base_rate = serializers.FloatField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
    stale_reason = serializers.CharField(allow_blank=True)


class LayerOverview(View):
    """The four layers, macro to trading; a guest sees the first two."""

    serializer_class = LayerSerializer
    keeps = lists = True

    def get(self, request: Request) -> Response:
        """Answer the layers that have said something, in the order of the funnel."""
        cards = [
            dashboard.ask(part, request.user)
            for part in dashboard.CARDS
            if role_at_least(request.user, part.role)
        ]
        told = [card for card in cards if card is not None]
        return Response(LayerSerializer(told, many=True).data)


urlpatterns = [path("ui/layer-overview", LayerOverview.as_view(), name="api_layer_overview")]
