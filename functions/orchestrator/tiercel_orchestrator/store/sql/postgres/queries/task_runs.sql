-- name: touched
-- Runs and all their ancestors up to the root; :ids is a JSON list. Row by row: a join would read the whole table.
with recursive lineage as (
    select * from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:ids as jsonb))))
    union
    select above.* from lineage
    cross join lateral (select * from tiercel.task_runs where id = lineage.parent_id offset 0) as above
)
select * from lineage;

-- name: live_runs
-- What has not ended in the executions of these runs.
select * from tiercel.task_runs
where execution_id = any (array(
    select execution_id from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:ids as jsonb))))
))
  and state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED');

-- name: whole_runs
-- All runs in the executions of these runs.
select * from tiercel.task_runs
where execution_id = any (array(
    select execution_id from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:ids as jsonb))))
))
order by position;

-- name: all_runs
select * from tiercel.task_runs where execution_id = :execution_id order by position;

-- name: runs_of_task
select * from tiercel.task_runs where execution_id = :execution_id and task_id = :task_id order by position;

-- name: task_run
select * from tiercel.task_runs where id = :id;

-- name: runs
select * from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:ids as jsonb))));

-- name: root_run
select * from tiercel.task_runs where execution_id = :execution_id and role = 'root';

-- name: task_runs
-- What people see, and the shards between that and what is above it.
select * from tiercel.task_runs where execution_id = :execution_id and role in ('', 'shard') order by position;

-- name: busy
-- Whether anything in a tree goes on by itself, now or at some moment.
select exists (
    select 1 from tiercel.task_runs
    where execution_id in (select id from tiercel.executions where root_id = :root_id)
      and (work in ('ready', 'request', 'timer', 'leased', 'queued') or (work = 'paused' and due_at is not null))
);

-- name: outputs_of
-- What expressions read of other runs: only the tasks named in :task_ids, a JSON list; null means all.
select task_id, path, value, outputs, state from tiercel.task_runs
where execution_id = :execution_id and role = ''
  and (cast(:task_ids as text) is null or task_id = any (array(select jsonb_array_elements_text(cast(:task_ids as jsonb)))))
order by coalesce(iteration, 0), position;

-- name: plans
-- :keys is a JSON list of pairs, run id and attempt.
select plans.* from tiercel.plans join jsonb_array_elements(cast(:keys as jsonb)) as wanted (pair)
on plans.task_run_id = wanted.pair ->> 0 and plans.attempt = cast(wanted.pair ->> 1 as bigint);
