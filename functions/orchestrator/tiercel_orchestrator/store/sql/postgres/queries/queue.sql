-- name: take_runs
-- Lock what is to be changed, and read it; see the function.
select * from tiercel.take_runs(:executions, :runs, :live, :whole, :locks);

-- name: due
-- Tasks and rows of the engine's own whose moment has come, locked, each with its execution.
select (due.run).*, (due.execution).* from tiercel.take_due(:now, :root, :limit, :own_limit) as due;

-- name: next_due
-- The earliest moment anything waits for; with :tasks_too that of tasks as well.
select tiercel.next_due(:root, :tasks_too);

-- name: write_unit
-- Write all that a transaction has changed; see the function.
select * from tiercel.write_unit(
    :below, :dropped, :parked, :new_executions, :executions, :new_runs, :runs, :plans, :logs, :metrics, :events,
    :claims, :root, :tasks_too
);

-- name: write_unchanged
-- Write what was decided on from memory, if it still holds; see the function.
select * from tiercel.write_unchanged(
    :alone, :shared, :locks, :known_runs, :run_versions, :known_executions, :execution_versions,
    :below, :dropped, :parked, :new_executions, :executions, :new_runs, :runs, :plans, :logs, :metrics, :events,
    :claims, :root, :tasks_too
);

-- name: guard_alone
-- Be alone with executions whose guards are shared already, where nobody else holds them.
select pg_try_advisory_xact_lock(hashtextextended(id, 0)) from jsonb_array_elements_text(cast(:executions as jsonb)) as named (id);

-- name: lock_flow
select pg_advisory_xact_lock(hashtextextended(cast(:namespace as text) || '/' || cast(:flow_id as text), 0));

-- name: release_expired
-- Give back what was leased by an owner that is gone, or for longer than agreed by one of whom nothing is known:
-- a clock that jumps takes nothing from an owner that lives.
with expired as materialized (
    select id from tiercel.task_runs
    where work = 'leased' and (
        owner = any (array(select jsonb_array_elements_text(cast(:gone as jsonb))))
        or (lease_until < :now and owner <> all (array(select jsonb_array_elements_text(cast(:alive as jsonb)))))
    )
    order by position desc for no key update skip locked
)
update tiercel.task_runs
set work = case when request is null then 'ready' else 'request' end, owner = null, lease_until = null, due_at = :now
from expired where task_runs.id = expired.id;

-- name: give_back
-- Give back what an owner has leased, but for the task runs that it names: of others it does not know.
update tiercel.task_runs
set work = case when request is null then 'ready' else 'request' end, owner = null, lease_until = null, due_at = :now
where work = 'leased' and owner = :owner and id not in (select jsonb_array_elements_text(cast(:keep as jsonb)));

-- name: extend_leases
-- What is locked now is being taken in, or given to somebody else.
with held as materialized (
    select id from tiercel.task_runs where work = 'leased' and owner = :owner
    order by position desc for no key update skip locked
)
update tiercel.task_runs set lease_until = :lease_until from held where task_runs.id = held.id;

-- name: hand_over
-- Dispatches that another is to answer: deepest first, as everybody locks.
with held as materialized (
    select task_runs.id, named.until from tiercel.task_runs
    join json_to_recordset(cast(:held as json)) as named (id text, lease bigint, until bigint)
        on named.id = task_runs.id and named.lease = task_runs.lease
    where work = 'leased'
    order by position desc for no key update of task_runs
)
update tiercel.task_runs set owner = :owner, lease_until = held.until from held where task_runs.id = held.id;

-- name: owners
select distinct owner from tiercel.task_runs where work = 'leased';
