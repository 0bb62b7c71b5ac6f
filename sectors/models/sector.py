"""Sectors and who belongs to them."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from assets.models import Asset
from cryptopredict.common import schema


class Sector(models.Model):
    """A corner of the market."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    color_code = models.CharField(max_length=7, validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$")])
    characteristics = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(color_code__regex=r"^#[0-9A-Fa-f]{6}$"), name="sectors_sector_color_code"
            )
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return self.name


class SectorMapping(models.Model):
    """Weighted membership of a coin; one sector is its primary one."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="sector_mappings")
    sector = models.ForeignKey(Sector, on_delete=models.CASCADE, related_name="mappings")
    weight = models.FloatField(default=1.0)
    is_primary = models.BooleanField(default=True)
    is_manual = models.BooleanField(default=False, help_text="set by a person; seeding leaves it alone")
    assigned_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("asset", "sector"),
            models.UniqueConstraint(
                fields=["asset"],
                condition=models.Q(is_primary=True),
                name="sectors_sectormapping_one_primary",
            ),
            schema.within("weight", 0, 1),
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"{self.asset}: {self.sector}"
