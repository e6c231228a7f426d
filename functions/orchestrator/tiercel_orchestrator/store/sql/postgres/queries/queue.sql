-- name: guard
-- Who changes an execution, or needs to know all of it, is alone with it; others share it. :runs come with their
-- executions, of those in :whole everything is needed. Guards are taken in order, and end with the transaction.
with wanted (id, alone) as materialized (
    select jsonb_array_elements_text(cast(:executions as jsonb)), true
    union all
    select execution_id, id = any (array(select jsonb_array_elements_text(cast(:whole as jsonb))))
    from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:runs as jsonb))))
)
select case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
from (
    select hashtextextended(id, 0) as key, bool_or(alone) as alone from wanted group by key order by key offset 0
) as guards;

-- name: guard_alone
-- Be alone with executions whose guards are shared already, where nobody else holds them.
select pg_try_advisory_xact_lock(hashtextextended(id, 0)) from jsonb_array_elements_text(cast(:executions as jsonb)) as named (id);

-- name: lock
-- Runs with their parents, and :more; what lives of the executions of :live; all of those of :whole. A child has
-- a higher position than its parent: deepest first, so that nobody waits in a circle.
with wanted (id) as materialized (
    select jsonb_array_elements_text(cast(:more as jsonb))
    union
    select unnest(array[id, parent_id]) from tiercel.task_runs
    where id = any (array(select jsonb_array_elements_text(cast(:runs as jsonb))))
    union
    select id from tiercel.task_runs where execution_id = any (array(
        select execution_id from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:whole as jsonb))))
    ))
    union
    select id from tiercel.task_runs where execution_id = any (array(
        select execution_id from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:live as jsonb))))
    )) and state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
)
select id from tiercel.task_runs where id = any (array(select id from wanted)) order by position desc for no key update;

-- name: lock_flow
select pg_advisory_xact_lock(hashtextextended(cast(:namespace as text) || '/' || cast(:flow_id as text), 0));

-- name: due
-- Up to :limit tasks whose moment has come, the longest due first, and up to :own_limit of the engine's own rows,
-- each with its execution: what others work on is left to them. :root narrows it to one tree.
with tasks as materialized (
    select task_runs.* from tiercel.task_runs
    where work = 'ready' and due_at <= :now
      and (cast(:root as text) is null or execution_id in (select id from tiercel.executions where root_id = :root))
    order by due_at, position limit :limit
    for no key update skip locked
),
own as materialized (
    select task_runs.* from tiercel.task_runs
    where work in ('request', 'timer', 'paused') and due_at <= :now
      and (cast(:root as text) is null or execution_id in (select id from tiercel.executions where root_id = :root))
    order by due_at, position limit :own_limit
    for no key update skip locked
),
found as (select * from tasks union all select * from own)
select found.*, executions.* from found join tiercel.executions on executions.id = found.execution_id;

-- name: next_due
-- The earliest moment anything waits for; with :tasks_too that of tasks as well.
select min(due_at) from (
    (
        select due_at from tiercel.task_runs
        where work in ('request', 'timer', 'paused') and due_at is not null
          and (cast(:root as text) is null or execution_id in (select id from tiercel.executions where root_id = :root))
        order by due_at limit 1
    )
    union all
    (
        select due_at from tiercel.task_runs
        where work = 'ready' and cast(:tasks_too as boolean)
          and (cast(:root as text) is null or execution_id in (select id from tiercel.executions where root_id = :root))
        order by due_at, position limit 1
    )
) as moments;

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

-- name: extend_leases
-- What is locked now is being taken in, or given to somebody else.
with held as materialized (
    select id from tiercel.task_runs where work = 'leased' and owner = :owner
    order by position desc for no key update skip locked
)
update tiercel.task_runs set lease_until = :lease_until from held where task_runs.id = held.id;

-- name: owners
select distinct owner from tiercel.task_runs where work = 'leased';
