-- name: touched
-- Runs and all their ancestors up to the root; :ids is a JSON list.
with recursive lineage (id) as (
    select value from json_each(:ids)
    union
    select task_runs.parent_id from task_runs join lineage on task_runs.id = lineage.id
    where task_runs.parent_id is not null
)
select task_runs.* from task_runs join lineage on task_runs.id = lineage.id;

-- name: live_runs
-- What has not ended in the executions of these runs.
select * from task_runs
where execution_id in (select execution_id from task_runs where id in (select value from json_each(:ids)))
  and state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED');

-- name: whole_runs
-- All runs in the executions of these runs.
select * from task_runs
where execution_id in (select execution_id from task_runs where id in (select value from json_each(:ids)))
order by position;

-- name: all_runs
select * from task_runs where execution_id = :execution_id order by position;

-- name: runs_of_task
select * from task_runs where execution_id = :execution_id and task_id = :task_id order by position;

-- name: task_run
select * from task_runs where id = :id;

-- name: runs
select * from task_runs where id in (select value from json_each(:ids));

-- name: root_run
select * from task_runs where execution_id = :execution_id and role = 'root';

-- name: task_runs
-- What people see, and the shards between that and what is above it.
select * from task_runs where execution_id = :execution_id and role in ('', 'shard') order by position;

-- name: busy
-- Whether anything in a tree goes on by itself, now or at some moment.
select exists (
    select 1 from task_runs
    where execution_id in (select id from executions where root_id = :root_id)
      and (work in ('ready', 'request', 'timer', 'leased', 'queued') or (work = 'paused' and due_at is not null))
);

-- name: outputs_of
-- What expressions read of other runs: only the tasks named in :task_ids, a JSON list; null means all.
select task_id, path, value, outputs, state from task_runs
where execution_id = :execution_id and role = ''
  and (:task_ids is null or task_id in (select value from json_each(:task_ids)))
order by coalesce(iteration, 0), position;

-- name: insert_task_run
insert into task_runs (
    id, execution_id, task_id, parent_id, role, value, iteration, path, state, history, attempts, attempt, lease,
    outputs, work, request, due_at, owner, lease_until, frame
) values (
    :id, :execution_id, :task_id, :parent_id, :role, :value, :iteration, :path, :state, :history, :attempts, :attempt,
    :lease, :outputs, :work, :request, :due_at, :owner, :lease_until, :frame
);

-- name: last_position
select last_insert_rowid();

-- name: update_task_run
update task_runs
set state = :state, history = :history, attempts = :attempts, attempt = :attempt, lease = :lease,
    outputs = :outputs, work = :work, request = :request, due_at = :due_at, owner = :owner,
    lease_until = :lease_until, frame = :frame
where id = :id;

-- name: park
update task_runs set work = '', request = null, due_at = null, owner = null, lease_until = null where id = :id;

-- name: drop_below
-- A loop's children are replaced at each turn.
with recursive below (id) as (
    select task_runs.id from task_runs join task_runs as above on task_runs.execution_id = above.execution_id
    where above.id = :id and task_runs.parent_id = :id
    union all
    select task_runs.id from task_runs join below on task_runs.parent_id = below.id
    where task_runs.execution_id = (select execution_id from task_runs where id = :id)
)
delete from task_runs where id in (select id from below);

-- name: drop
delete from task_runs where id = :id;

-- name: insert_plan
insert into plans (task_run_id, attempt, plan) values (:task_run_id, :attempt, :plan)
on conflict (task_run_id, attempt) do update set plan = excluded.plan;

-- name: plans
-- :keys is a JSON list of pairs, run id and attempt.
select plans.* from plans join json_each(:keys) as wanted
on plans.task_run_id = wanted.value ->> 0 and plans.attempt = wanted.value ->> 1;
