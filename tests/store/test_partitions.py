"""The tables that only grow may be partitioned: nobody asks more of them than a key and an execution."""

from contextlib import closing

import pytest

from tests.store.conftest import Raw, empty
from tests.store.test_removing import ended, remove
from tiercel_orchestrator.store import migrating
from tiercel_orchestrator.store.postgres import PostgresStore

PARTITIONED = """
alter table tiercel.{table} alter position drop identity;
create sequence tiercel.{table}_positions owned by none;
alter table tiercel.{table} rename to {table}_0;
create table tiercel.{table} (like tiercel.{table}_0, primary key (position)) partition by range (position);
alter table tiercel.{table} alter position set default nextval('tiercel.{table}_positions');
alter table tiercel.{table} attach partition tiercel.{table}_0 for values from (minvalue) to (3);
create table tiercel.{table}_1 partition of tiercel.{table} for values from (3) to (maxvalue);
create index {table}_by_execution on tiercel.{table} (execution_id, position);
"""


@pytest.mark.parametrize("table", ["logs", "metrics", "events"])
def test_an_append_only_table_may_be_partitioned_and_a_partition_be_dropped(
    postgres_url: str, table: str
) -> None:
    empty(postgres_url)
    migrating.migrate(postgres_url)
    with closing(Raw(postgres_url)) as raw, closing(PostgresStore(postgres_url)) as store:
        raw.execute(PARTITIONED.format(table=table))
        ended(store, "a")
        ended(store, "b")
        counts = [
            raw.fetch(f"select count(*) from tiercel.{name}")[0][0]
            for name in (table, f"{table}_0", f"{table}_1")
        ]
        assert counts[0] == counts[1] + counts[2]
        assert all(counts)
        raw.execute(f"drop table tiercel.{table}_0")
        ended(store, "c")
        assert remove(store, "a", "b", "c") == 3
        assert raw.fetch(f"select count(*) from tiercel.{table}")[0][0] == 0
