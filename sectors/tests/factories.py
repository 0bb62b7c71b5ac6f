"""Sectors, memberships and records for tests."""

from __future__ import annotations

from datetime import UTC, datetime

import factory
from django.utils.text import slugify

from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory
from sectors.models import (
    Sector,
    SectorAnalysis,
    SectorFlow,
    SectorMapping,
    SectorPerformance,
    SectorRotation,
    SectorStatus,
    Stance,
)

MOMENT = datetime(2024, 1, 2, tzinfo=UTC)


class SectorFactory(factory.django.DjangoModelFactory[Sector]):
    class Meta:
        model = Sector

    name = factory.Sequence(lambda n: f"Sector {n}")
    slug = factory.LazyAttribute(lambda sector: slugify(sector.name))
    color_code = "#1B4F72"
    characteristics = factory.LazyFunction(lambda: {"focus": [], "stable": False})


class SectorMappingFactory(factory.django.DjangoModelFactory[SectorMapping]):
    class Meta:
        model = SectorMapping

    asset = factory.SubFactory(AssetFactory)
    sector = factory.SubFactory(SectorFactory)


class RecordFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    timeframe = Timeframe.DAY
    as_of = MOMENT


class SectorPerformanceFactory(RecordFactory):
    class Meta:
        model = SectorPerformance

    sector = factory.SubFactory(SectorFactory)
    dominance_percentage = 12.3
    momentum_score = 0.75
    status = SectorStatus.LEADING
    performance_24h = 0.085
    performance_7d = 0.152
    performance_30d = 0.3
    member_count = 4


class SectorRotationFactory(RecordFactory):
    class Meta:
        model = SectorRotation

    rotation_probability = 0.7
    base_rate = 0.6


class SectorFlowFactory(RecordFactory):
    class Meta:
        model = SectorFlow

    from_sector = factory.SubFactory(SectorFactory)
    to_sector = factory.SubFactory(SectorFactory)
    share = 0.4


class SectorAnalysisFactory(RecordFactory):
    class Meta:
        model = SectorAnalysis

    sector = factory.SubFactory(SectorFactory)
    stance = Stance.NEUTRAL
