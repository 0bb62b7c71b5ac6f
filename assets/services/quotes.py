"""What an asset's own row tells of its candles: price, changes, extremes, cap and rank."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection, transaction

from assets.engine.timeframe import Timeframe
from assets.models import Asset, AssetType, Candle, CandleArchive
from assets.serializers import AssetSerializer
from cryptopredict.common.realtime import Topic, changed, publish_each

FRESH = timedelta(days=7)  # a coin whose last price is older than this against the newest has no rank
CAP_AGE = timedelta(days=31)  # so long a known supply is taken to hold

_ASSET = Asset._meta.db_table
_BARS = " UNION ALL ".join(
    "SELECT asset_id, candle_time, high, low, close, volume, market_cap "
    f"FROM {model._meta.db_table} WHERE timeframe = %(timeframe)s"
    for model in (Candle, CandleArchive)
)
_NEWEST = ", ".join(  # by the key: no bar but the newest is read
    f"(SELECT max(candle_time) FROM {model._meta.db_table} c "
    f"WHERE c.asset_id = {_ASSET}.id AND c.timeframe = %(timeframe)s)"
    for model in (Candle, CandleArchive)
)
_OWN = f"FROM ({_BARS}) b WHERE b.asset_id = l.asset_id AND b.candle_time"

# One row an asset; each figure is looked up by the key of its bar.
_QUOTES = f"""
WITH last AS (
    SELECT n.asset_id, n.opened, n.opened + %(length)s::interval AS closed
    FROM (SELECT id AS asset_id, GREATEST({_NEWEST}) AS opened FROM {_ASSET}) n WHERE n.opened IS NOT NULL
), quote AS (
    SELECT l.asset_id, l.closed,
        (SELECT b.close {_OWN} = l.opened) AS close,
        (SELECT NULLIF(sum(b.volume), 0) {_OWN} BETWEEN l.closed - INTERVAL '1 day' AND l.opened) AS volume,
        (SELECT b.close {_OWN} = l.opened - INTERVAL '1 day') AS day,
        (SELECT b.close {_OWN} = l.opened - INTERVAL '7 days') AS week,
        (SELECT b.close {_OWN} = l.opened - INTERVAL '30 days') AS month,
        (SELECT b.market_cap / b.close {_OWN} BETWEEN l.opened - %(cap_age)s AND l.opened
            AND b.market_cap IS NOT NULL ORDER BY b.candle_time DESC LIMIT 1) AS supply
    FROM last l
)
UPDATE {_ASSET} a SET
    current_price = q.close,
    total_volume = q.volume,
    market_cap = q.supply * q.close,
    circulating_supply = COALESCE(q.supply, a.circulating_supply),
    price_change_percentage_24h = 100 * (q.close / q.day - 1),
    price_change_percentage_7d = 100 * (q.close / q.week - 1),
    price_change_percentage_30d = 100 * (q.close / q.month - 1),
    last_price_update = q.closed
FROM quote q WHERE q.asset_id = a.id AND q.closed >= COALESCE(a.last_price_update, '-infinity')
RETURNING a.id, old.current_price IS DISTINCT FROM new.current_price
    OR old.last_price_update IS DISTINCT FROM new.last_price_update
"""

# Bars that reach back to the extreme known so far speak for it, others can only exceed it.
_EXTREMES = f"""
WITH span AS (
    SELECT asset_id, min(candle_time) AS first, max(high) AS top, min(low) AS bottom
    FROM ({_BARS}) bars GROUP BY asset_id
), extreme AS (
    SELECT s.*, min(b.candle_time) FILTER (WHERE b.high = s.top) AS top_at,
        min(b.candle_time) FILTER (WHERE b.low = s.bottom) AS bottom_at
    FROM span s JOIN ({_BARS}) b ON b.asset_id = s.asset_id AND (b.high = s.top OR b.low = s.bottom)
    GROUP BY s.asset_id, s.first, s.top, s.bottom
), told AS (
    SELECT e.*, a.id, (e.first <= COALESCE(a.ath_date, e.first) OR e.top > a.ath) AS higher,
        (e.first <= COALESCE(a.atl_date, e.first) OR e.bottom < a.atl) AS lower
    FROM extreme e JOIN {_ASSET} a ON a.id = e.asset_id
)
UPDATE {_ASSET} a SET
    ath = CASE WHEN t.higher THEN t.top ELSE a.ath END,
    ath_date = CASE WHEN t.higher THEN t.top_at ELSE a.ath_date END,
    atl = CASE WHEN t.lower THEN t.bottom ELSE a.atl END,
    atl_date = CASE WHEN t.lower THEN t.bottom_at ELSE a.atl_date END
FROM told t WHERE t.id = a.id
"""

_RANKS = f"""
WITH ranked AS (
    SELECT id, row_number() OVER (ORDER BY market_cap DESC, id) AS place FROM {_ASSET}
    WHERE is_supported AND market_cap > 0 AND asset_type = ANY(%(kinds)s)
        AND last_price_update >= (SELECT max(last_price_update) FROM {_ASSET}) - %(fresh)s
)
UPDATE {_ASSET} a SET market_cap_rank = r.place
FROM {_ASSET} other LEFT JOIN ranked r ON r.id = other.id
WHERE other.id = a.id AND a.market_cap_rank IS DISTINCT FROM r.place
"""


@transaction.atomic
def refresh_assets(timeframe: Timeframe) -> int:
    """Bring the quotes of the assets that have bars of this length up to date; returns how many changed.

    Price, volume (of the last 24 hours, USD) and changes (per cent against the close exactly 1, 7 and 30
    days before; null where that bar is missing) are those of the newest bar, unless a newer price of another
    bar length is known. Market cap: the last one given in the 31 days before, moved with the price; else
    null. Extremes are those of all bars, archived ones included. Ranks go to coins whose price is at most a
    week older than the newest. Four queries.
    """
    length = "1 month" if timeframe is Timeframe.MONTH else f"{timeframe.delta.total_seconds()} seconds"
    values = {"timeframe": timeframe.code, "length": length, "cap_age": CAP_AGE}
    with connection.cursor() as cursor:
        cursor.execute(_QUOTES, values)
        moved = [asset for asset, is_new in cursor.fetchall() if is_new]
        touched = int(cursor.rowcount)
        changed()
        cursor.execute(_EXTREMES, values)
        cursor.execute(
            _RANKS, {"fresh": FRESH, "kinds": [AssetType.CRYPTO.value, AssetType.STABLECOIN.value]}
        )
    announce_prices(moved)
    return touched


def announce_prices(asset_ids: Sequence[int]) -> None:
    """Tell who watches one of these assets how it stands now, as the API says it; one query."""
    if asset_ids:
        rows = Asset.objects.filter(pk__in=asset_ids)
        publish_each(Topic.CANDLE, {row.pk: AssetSerializer(row).data for row in rows})
