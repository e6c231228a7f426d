-- name: due
-- Up to :limit tasks whose moment has come, the longest due first, and up to :own_limit of the engine's own rows;
-- :root narrows it to one tree of executions.
select * from (
    select * from task_runs
    where work = 'ready' and due_at <= :now
      and (:root is null or execution_id in (select id from executions where root_id = :root))
    order by due_at, position
    limit :limit
)
union all
select * from (
    select * from task_runs
    where work in ('request', 'timer', 'paused') and due_at <= :now
      and (:root is null or execution_id in (select id from executions where root_id = :root))
    order by due_at, position
    limit :own_limit
);

-- name: next_due
-- The earliest moment anything waits for; with :tasks_too that of tasks as well.
select min(due_at) from (
    select min(due_at) as due_at from task_runs
    where work in ('request', 'timer', 'paused')
      and (:root is null or execution_id in (select id from executions where root_id = :root))
    union all
    select min(due_at) from task_runs
    where work = 'ready' and :tasks_too
      and (:root is null or execution_id in (select id from executions where root_id = :root))
);

-- name: release_expired
-- Give back what was leased by an owner that is gone, or for longer than agreed by one of whom nothing is known:
-- a clock that jumps takes nothing from an owner that lives.
update task_runs
set work = case when request is null then 'ready' else 'request' end, owner = null, lease_until = null, due_at = :now
where work = 'leased' and (
    owner in (select value from json_each(:gone))
    or (lease_until < :now and owner not in (select value from json_each(:alive)))
);

-- name: give_back
-- Give back what an owner has leased, but for the task runs that it names: of others it does not know.
update task_runs
set work = case when request is null then 'ready' else 'request' end, owner = null, lease_until = null, due_at = :now
where work = 'leased' and owner = :owner and id not in (select value from json_each(:keep));

-- name: extend_leases
update task_runs set lease_until = :lease_until where work = 'leased' and owner = :owner;

-- name: hand_over
-- Dispatches that another is to answer.
update task_runs
set owner = :owner, lease_until = (
    select value ->> 'until' from json_each(:held) where value ->> 'id' = task_runs.id
)
where work = 'leased' and exists (
    select 1 from json_each(:held) where value ->> 'id' = task_runs.id and value ->> 'lease' = task_runs.lease
);

-- name: owners
select distinct owner from task_runs where work = 'leased';
