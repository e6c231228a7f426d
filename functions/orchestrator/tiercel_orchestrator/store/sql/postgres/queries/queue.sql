-- name: lock
-- Nobody else changes an execution or its task runs until this transaction ends; who locks several does so in order.
select id from tiercel.executions
where id in (
    select jsonb_array_elements_text(cast(:executions as jsonb))
    union
    select execution_id from tiercel.task_runs where id in (select jsonb_array_elements_text(cast(:runs as jsonb)))
)
order by id for no key update;

-- name: lock_flow
select pg_advisory_xact_lock(hashtextextended(cast(:namespace as text) || '/' || cast(:flow_id as text), 0));

-- name: due
-- Up to :limit tasks whose moment has come, the longest due first, and up to :own_limit of the engine's own rows,
-- their executions locked with them: what others work on is left to them. :root narrows it to one tree.
with tasks as materialized (
    select task_runs.* from tiercel.task_runs join tiercel.executions on executions.id = task_runs.execution_id
    where task_runs.work = 'ready' and task_runs.due_at <= :now
      and (cast(:root as text) is null or executions.root_id = :root)
    order by task_runs.due_at, task_runs.position
    limit :limit
    for no key update of task_runs, executions skip locked
),
own as materialized (
    select task_runs.* from tiercel.task_runs join tiercel.executions on executions.id = task_runs.execution_id
    where task_runs.work in ('request', 'timer', 'paused') and task_runs.due_at <= :now
      and (cast(:root as text) is null or executions.root_id = :root)
    order by task_runs.due_at, task_runs.position
    limit :own_limit
    for no key update of task_runs, executions skip locked
)
select * from tasks union all select * from own;

-- name: next_due
-- The earliest moment anything waits for; with :tasks_too that of tasks as well.
select min(due_at) from (
    select min(due_at) as due_at from tiercel.task_runs
    where work in ('request', 'timer', 'paused')
      and (cast(:root as text) is null or execution_id in (select id from tiercel.executions where root_id = :root))
    union all
    select min(due_at) from tiercel.task_runs
    where work = 'ready' and cast(:tasks_too as boolean)
      and (cast(:root as text) is null or execution_id in (select id from tiercel.executions where root_id = :root))
) as moments;

-- name: release_expired
-- Give back what was leased by an owner that is gone, or for longer than agreed by one of whom nothing is known:
-- a clock that jumps takes nothing from an owner that lives.
update tiercel.task_runs
set work = case when request is null then 'ready' else 'request' end, owner = null, lease_until = null, due_at = :now
where work = 'leased' and (
    owner in (select jsonb_array_elements_text(cast(:gone as jsonb)))
    or (lease_until < :now and owner not in (select jsonb_array_elements_text(cast(:alive as jsonb))))
);

-- name: extend_leases
update tiercel.task_runs set lease_until = :lease_until where work = 'leased' and owner = :owner;

-- name: owners
select distinct owner from tiercel.task_runs where work = 'leased';
