"""The only writers of layer 1."""

from macro.services.assess import assess
from macro.services.series import StoredSeries, store_series

__all__ = ["StoredSeries", "assess", "store_series"]
