"""The only writers of layer 1."""

from macro.services.series import StoredSeries, store_series
from macro.services.stage import assess

__all__ = ["StoredSeries", "assess", "store_series"]
