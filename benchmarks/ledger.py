"""The ledger: what entering records adds to storing them, and how long it takes to verify all of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.db import connection

from aimodels.models import LedgerEntry
from benchmarks import market
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database

_START = datetime(2024, 1, 1, tzinfo=UTC)
_INSERT = """
INSERT INTO aimodels_prediction (asset_id, timeframe, as_of, origin, layer_source, model_name, model_version,
    prediction_horizon, target_datetime, input_price, predicted_price, confidence_score, features_used,
    input_features, model_parameters, macro_context, market_conditions, volatility_level, accuracy_threshold,
    notes, debug_info)
SELECT %s, 6, %s + n * interval '1 hour', 'replay', 'layer4', 'range', '1', 24,
    %s + n * interval '1 hour' + interval '1 day', 100, 101.5 + n %% 7, 0.8, '["volatility", "range"]',
    jsonb_build_object('volatility', 0.1 + n / 7.0, 'range', 0.02, 'weekend', false), '{}',
    '{"regime": "bull"}', 'bull', 'normal', 5.0, '', '{}'
FROM generate_series(1, %s) n
"""


def run(scale: Scale) -> list[Figure]:
    """Seconds to verify the ledger, and records a second that are stored with and without it."""
    with fresh_database():
        [asset, other, *_] = market.listed(2)
        with_it = _store(asset, scale.ledger)
        started = time.perf_counter()
        faults = list(LedgerEntry.objects.findings())
        verified = time.perf_counter() - started
        if faults:
            raise RuntimeError(f"the ledger of the benchmark has faults: {faults[0]}")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE aimodels_prediction DISABLE TRIGGER ledger_issued")
        without = _store(other, scale.ledger)
    return [
        Figure(f"verify {scale.ledger} records", verified, "s", 10.0, at_most=True),
        Figure("records stored and entered", scale.ledger / with_it, "a second"),
        Figure("records stored, not entered", scale.ledger / without, "a second"),
    ]


def _store(asset: int, count: int) -> float:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [asset, _START, _START, count])
    return time.perf_counter() - started
