"""What puts a table's records into the ledger: used by migrations, so written to stay as it is."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import migrations

LOCK = 0x6C656467  # the chain grows at one end: whoever enters records holds this until the commit

FUNCTIONS = """
CREATE FUNCTION aimodels_ledger_digest(
    seq bigint, format_id bigint, record_id bigint, written_at timestamptz, content jsonb
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(seq::text || '|' || format_id::text || '|' || record_id::text || '|' ||
        written_at::text || '|' || content::text, 'UTF8'))
$$;

CREATE FUNCTION aimodels_ledger_link(state bytea, head bytea, digest bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT sha256(COALESCE(state, head) || digest) $$;

CREATE AGGREGATE aimodels_ledger_chain(bytea, bytea) (SFUNC = aimodels_ledger_link, STYPE = bytea);

CREATE FUNCTION aimodels_ledger_format(relation regclass, kind text, others text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    covered varchar[] := (SELECT array_agg(attname::varchar ORDER BY attname) FROM pg_attribute
        WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attname <> ALL (others));
    name text := (SELECT relname FROM pg_class WHERE oid = relation);
    found bigint;
BEGIN
    SELECT id INTO found FROM aimodels_ledgerformat f
        WHERE f."table" = name AND f.event = kind AND f.columns = covered;
    IF found IS NULL THEN
        INSERT INTO aimodels_ledgerformat ("table", event, columns) VALUES (name, kind, covered)
            RETURNING id INTO found;
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION aimodels_ledger_others(relation regclass, kept text[])
RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT COALESCE(array_agg(attname::text), '{}') FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attname <> ALL (kept)
$$;
"""

# One statement enters all rows of `source`: numbered by id, digested, chained to the head.
_ENTER = """
    SELECT seq, hash INTO v_last, v_head FROM aimodels_ledgerentry ORDER BY seq DESC LIMIT 1;
    INSERT INTO aimodels_ledgerentry (seq, format_id, record_id, written_at, digest, hash)
    SELECT seq, v_format, id, v_moment, digest,
        aimodels_ledger_chain(COALESCE(v_head, ''), digest) OVER (ORDER BY seq)
    FROM (
        SELECT seq, id, aimodels_ledger_digest(seq, v_format, id, v_moment, content) AS digest
        FROM (
            SELECT COALESCE(v_last, 0) + row_number() OVER (ORDER BY n.id) AS seq, n.id,
                to_jsonb(n) - v_others AS content
            FROM {source}
        ) AS numbered
        OFFSET 0  -- a fence: each digest is made once
    ) AS digested;
"""

_DECLARE = """
    v_last bigint; v_head bytea; v_format bigint; v_others text[];
    v_moment timestamptz := clock_timestamp();
"""

TRIGGER = f"""
CREATE FUNCTION aimodels_ledger_record() RETURNS trigger LANGUAGE plpgsql
SET timezone = 'UTC' SET extra_float_digits = '1' AS $$
DECLARE
    v_mutable text[] := string_to_array(TG_ARGV[0], ',');
    v_outcome text := TG_ARGV[1];
    v_sealed text[] := string_to_array(TG_ARGV[2], ',');
    {_DECLARE}
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT 1 FROM new_rows n JOIN old_rows o USING (id)
            WHERE to_jsonb(o)->>v_outcome IS NULL AND to_jsonb(n)->>v_outcome IS NOT NULL) THEN
            RETURN NULL;
        END IF;
    ELSIF NOT EXISTS (SELECT 1 FROM new_rows) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock({LOCK});
    v_moment := clock_timestamp();
    IF TG_OP = 'INSERT' THEN
        v_others := v_mutable;
        v_format := aimodels_ledger_format(TG_RELID, 'issued', v_others);
        {_ENTER.format(source="new_rows n")}
        v_others := aimodels_ledger_others(TG_RELID, v_sealed);
        v_format := aimodels_ledger_format(TG_RELID, 'resolved', v_others);
        {_ENTER.format(source="new_rows n WHERE to_jsonb(n)->>v_outcome IS NOT NULL")}
    ELSE
        v_others := aimodels_ledger_others(TG_RELID, v_sealed);
        v_format := aimodels_ledger_format(TG_RELID, 'resolved', v_others);
        {
    _ENTER.format(
        source="new_rows n JOIN old_rows o USING (id) "
        "WHERE to_jsonb(o)->>v_outcome IS NULL AND to_jsonb(n)->>v_outcome IS NOT NULL"
    )
}
    END IF;
    RETURN NULL;
END $$;
"""

UNDO = """
DROP FUNCTION aimodels_ledger_record();
DROP AGGREGATE aimodels_ledger_chain(bytea, bytea);
DROP FUNCTION aimodels_ledger_link(bytea, bytea, bytea);
DROP FUNCTION aimodels_ledger_digest(bigint, bigint, bigint, timestamptz, jsonb);
DROP FUNCTION aimodels_ledger_format(regclass, text, text[]);
DROP FUNCTION aimodels_ledger_others(regclass, text[]);
"""


def functions() -> migrations.RunSQL:
    """The functions of the ledger."""
    return migrations.RunSQL([FUNCTIONS + TRIGGER], [UNDO])


def chain_records(
    table: str, *, mutable: Sequence[str], outcome: str, sealed: Sequence[str]
) -> migrations.RunSQL:
    """Enter every record of `table` from now on, and those that are there as adopted.

    `mutable` columns may change after the insert and are no part of what was issued; when `outcome` is filled
    in, the columns `sealed` are entered.
    """
    arguments = f"'{','.join(mutable)}', '{outcome}', '{','.join(sealed)}'"
    listed, kept = (", ".join(f"'{name}'" for name in names) for names in (mutable, sealed))
    adopt = f"""
DO $$
DECLARE {_DECLARE}
BEGIN
    SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 1;
    PERFORM pg_advisory_xact_lock({LOCK});
    IF EXISTS (SELECT 1 FROM {table}) THEN
        v_others := ARRAY[{listed}];
        v_format := aimodels_ledger_format('{table}', 'adopted', v_others);
        {_ENTER.format(source=f"{table} n")}
        v_others := aimodels_ledger_others('{table}', ARRAY[{kept}]);
        v_format := aimodels_ledger_format('{table}', 'resolved', v_others);
        {_ENTER.format(source=f"{table} n WHERE n.{outcome} IS NOT NULL")}
    END IF;
END $$;
"""
    insert = f"""
CREATE TRIGGER ledger_issued AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION aimodels_ledger_record({arguments});
"""
    update = f"""
CREATE TRIGGER ledger_resolved AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION aimodels_ledger_record({arguments});
"""
    undo = f"DROP TRIGGER ledger_issued ON {table}; DROP TRIGGER ledger_resolved ON {table};"
    return migrations.RunSQL([adopt, insert, update], [undo])
