"""The ledger: what was issued cannot be altered, removed or put in afterwards unseen."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from aimodels.engine.chain import Fault
from aimodels.models import LedgerEntry, LedgerFormat, Prediction
from assets.models import Asset
from assets.tests.stored import AssetFactory
from trading.models import TradingSignal
from trading.tests.factories import MOMENT, SignalFactory

pytestmark = pytest.mark.django_db

Found = list[tuple[str, str, int]]


def found() -> Found:
    return [(one.fault.value, one.table, one.record_id) for one in LedgerEntry.objects.findings()]


def past_the_triggers(sql: str, values: list[Any] | None = None) -> None:
    """As who owns the database could."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values or [])
        cursor.execute("SET LOCAL session_replication_role = origin")


def resolve(signal: TradingSignal) -> None:
    TradingSignal.objects.filter(pk=signal.pk).update(
        outcome="stop",
        exit_price="95",
        return_r=-1.05,
        closed_at=MOMENT + timedelta(days=2),
        status="expired",
    )


def predictions(count: int, asset: Asset) -> list[Prediction]:
    return [
        Prediction(
            asset=asset,
            timeframe="1d",
            as_of=MOMENT + timedelta(hours=n),
            layer_source="layer4",
            model_name="range",
            model_version="1",
            prediction_horizon=24,
            target_datetime=MOMENT + timedelta(hours=n + 24),
            input_price="100",
            predicted_price="101.5",
            confidence_score=0.8,
            input_features={"volatility": 0.1 + n / 7},
        )
        for n in range(count)
    ]


def test_every_signal_prediction_and_outcome_is_a_link_of_one_chain() -> None:
    first, second = SignalFactory(), SignalFactory()
    resolve(first)
    Prediction.objects.bulk_create(predictions(3, second.asset))
    told = LedgerEntry.objects.order_by("seq").values_list(
        "seq", "format__table", "format__event", "record_id"
    )
    made = list(Prediction.objects.order_by("pk").values_list("pk", flat=True))
    assert list(told) == [
        (1, "trading_tradingsignal", "issued", first.pk),
        (2, "trading_tradingsignal", "issued", second.pk),
        (3, "trading_tradingsignal", "resolved", first.pk),
        *((4 + n, "aimodels_prediction", "issued", pk) for n, pk in enumerate(made)),
    ]
    assert found() == []


def test_what_may_change_leaves_the_chain_as_it_is() -> None:
    signal = SignalFactory()
    TradingSignal.objects.filter(pk=signal.pk).update(status="executed")
    assert LedgerEntry.objects.count() == 1
    assert found() == []


def test_a_signal_stored_with_its_outcome_is_entered_twice() -> None:
    SignalFactory(outcome="target", exit_price="110", return_r=1.9, closed_at=MOMENT, status="expired")
    assert LedgerEntry.objects.filter(format__event="resolved").count() == 1
    assert found() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("confidence_score", 0.99),
        ("entry_price", "101"),
        ("as_of", MOMENT - timedelta(days=1)),
        ("origin", "live"),
    ],
)
def test_an_altered_signal_is_named(column: str, value: Any) -> None:
    kept, signal = SignalFactory(), SignalFactory()
    past_the_triggers(f"UPDATE trading_tradingsignal SET {column} = %s WHERE id = %s", [value, signal.pk])
    assert found() == [("altered", "trading_tradingsignal", signal.pk)]
    assert kept.pk != signal.pk


def test_an_altered_outcome_is_named() -> None:
    signal = SignalFactory()
    resolve(signal)
    past_the_triggers("UPDATE trading_tradingsignal SET return_r = 2 WHERE id = %s", [signal.pk])
    assert found() == [("altered", "trading_tradingsignal", signal.pk)]


def test_an_outcome_filled_in_past_the_ledger_is_named() -> None:
    signal = SignalFactory()
    past_the_triggers("UPDATE trading_tradingsignal SET outcome = 'target' WHERE id = %s", [signal.pk])
    assert found() == [("back-filled", "trading_tradingsignal", signal.pk)]


def test_a_signal_that_is_gone_is_named() -> None:
    signals = [SignalFactory() for _ in range(3)]
    past_the_triggers("DELETE FROM trading_tradingsignal WHERE id = %s", [signals[1].pk])
    assert found() == [("missing", "trading_tradingsignal", signals[1].pk)]


def test_a_signal_whose_entry_is_gone_too_is_noticed() -> None:
    signals = [SignalFactory() for _ in range(3)]
    past_the_triggers("DELETE FROM trading_tradingsignal WHERE id = %s", [signals[1].pk])
    past_the_triggers("DELETE FROM aimodels_ledgerentry WHERE record_id = %s", [signals[1].pk])
    [one] = LedgerEntry.objects.findings()
    assert (one.fault, one.seq, one.detail) == (Fault.MISSING, 3, "entries 2 to 2 of the chain are gone")


def test_a_signal_put_in_past_the_triggers_is_named() -> None:
    signal = SignalFactory()
    columns = [f.column for f in TradingSignal._meta.concrete_fields if f.column not in ("id", "as_of")]
    names = ", ".join(columns)
    past_the_triggers(
        f"INSERT INTO trading_tradingsignal ({names}, as_of) SELECT {names}, as_of - interval '9 days' "
        "FROM trading_tradingsignal WHERE id = %s",
        [signal.pk],
    )
    [(fault, table, record)] = found()
    assert (fault, table) == ("back-filled", "trading_tradingsignal")
    assert record != signal.pk


def test_an_entry_that_is_made_up_does_not_follow() -> None:
    signal = SignalFactory()
    past_the_triggers("UPDATE trading_tradingsignal SET confidence_score = 0.9 WHERE id = %s", [signal.pk])
    past_the_triggers(
        "UPDATE aimodels_ledgerentry SET digest = "
        "aimodels_ledger_digest(seq, format_id, record_id, written_at, (SELECT "
        "to_jsonb(r) - ARRAY['outcome', 'exit_price', 'return_r', 'closed_at', 'cancelled_by_id', 'status',"
        " 'updated_at'] FROM trading_tradingsignal r WHERE r.id = record_id))"
    )
    assert found() == [("broken", "trading_tradingsignal", signal.pk)]


def test_a_record_dated_back_by_the_stamp_is_named() -> None:
    signal = SignalFactory()
    own = ("id", "as_of", "created_at")
    columns = ", ".join(f.column for f in TradingSignal._meta.concrete_fields if f.column not in own)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE trading_tradingsignal DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE trading_tradingsignal ENABLE TRIGGER ledger_issued")
        cursor.execute(
            f"INSERT INTO trading_tradingsignal ({columns}, as_of, created_at) SELECT {columns}, "
            "as_of - interval '9 days', now() - interval '9 days' FROM trading_tradingsignal"
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE trading_tradingsignal ENABLE TRIGGER USER")
    [(fault, _, record)] = found()
    assert (fault, record > signal.pk) == ("back-filled", True)


def test_a_column_added_later_changes_nothing_that_was_recorded() -> None:
    SignalFactory()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE trading_tradingsignal ADD COLUMN mood text DEFAULT 'calm'")
    SignalFactory()
    assert found() == []
    assert LedgerFormat.objects.filter(table="trading_tradingsignal", event="issued").count() == 2


def test_the_session_of_a_writer_changes_no_digest() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET timezone TO 'Asia/Tehran'")
        cursor.execute("SET extra_float_digits TO 0")
    try:
        Prediction.objects.bulk_create(predictions(3, AssetFactory()))
        assert found() == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET timezone TO 'UTC'")
            cursor.execute("SET extra_float_digits TO 1")


def test_the_columns_that_may_change_are_those_of_the_append_only_rule() -> None:
    for model in (TradingSignal, Prediction):
        [rule] = [trigger for trigger in model._meta.triggers if trigger.name == "append_only"]
        listed = str(rule.func).split("ARRAY[")[1].split("]")[0]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgargs FROM pg_trigger WHERE tgname = 'ledger_issued' AND tgrelid = %s::regclass",
                [model._meta.db_table],
            )
            mutable = bytes(cursor.fetchone()[0]).split(b"\0")[0].decode()
        assert sorted(mutable.split(",")) == sorted(name.strip(" '") for name in listed.split(","))


def test_the_chain_is_read_in_few_statements_however_long(django_assert_num_queries: Any) -> None:
    Prediction.objects.bulk_create(predictions(4, AssetFactory()))
    with django_assert_num_queries(14):
        assert found() == []
    Prediction.objects.bulk_create(predictions(40, AssetFactory()))
    with django_assert_num_queries(14):
        assert found() == []


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_make_one_chain() -> None:
    assets, failed = [AssetFactory() for _ in range(4)], []

    def write(asset: Asset) -> None:
        try:
            for _ in range(5):
                with transaction.atomic():
                    start = Prediction.objects.filter(asset=asset).count()
                    Prediction.objects.bulk_create(predictions(start + 3, asset)[start:])
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(asset,)) for asset in assets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert LedgerEntry.objects.count() == 60
    assert found() == []


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_head_and_holds_the_chain_to_it() -> None:
    assert "empty" in verify()
    SignalFactory()
    text = verify()
    assert "1 entries: nothing altered" in text
    head = text.strip().rsplit(" ", 1)[1]
    SignalFactory()
    assert "2 entries" in verify("--expect", head)
    past_the_triggers("DELETE FROM trading_tradingsignal")
    past_the_triggers("DELETE FROM aimodels_ledgerentry")
    SignalFactory()
    with pytest.raises(
        CommandError, match="1 faults in the ledger; the first: broken: ledger entry 1 is not"
    ):
        verify("--expect", head)


def test_the_command_names_what_it_found_and_fails() -> None:
    signal = SignalFactory()
    past_the_triggers("UPDATE trading_tradingsignal SET entry_price = 99 WHERE id = %s", [signal.pk])
    with pytest.raises(CommandError, match=f"altered: trading_tradingsignal {signal.pk} is not what it was"):
        verify()
    with pytest.raises(CommandError, match="no place in the ledger"):
        verify("--expect", "soon")


def test_records_from_before_the_ledger_are_adopted_and_protected_from_then_on() -> None:
    open_, decided = SignalFactory(), SignalFactory()
    resolve(decided)
    past_the_triggers("DELETE FROM aimodels_ledgerentry")  # as if they were older than the ledger
    assert {fault for fault, _, _ in found()} == {"back-filled"}
    begun = import_module("trading.migrations.0005_ledger").Migration.operations[0]
    with connection.cursor() as cursor:
        cursor.execute(begun.sql[0])
    told = LedgerEntry.objects.order_by("seq").values_list("format__event", "record_id")
    assert list(told) == [("adopted", open_.pk), ("adopted", decided.pk), ("resolved", decided.pk)]
    assert found() == []
    past_the_triggers("UPDATE trading_tradingsignal SET confidence_score = 0.9 WHERE id = %s", [open_.pk])
    assert found() == [("altered", "trading_tradingsignal", open_.pk)]
