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

-- name: touched
-- Runs and all their ancestors up to the root; :ids is a JSON list.
with recursive lineage (id) as (
    select jsonb_array_elements_text(cast(:ids as jsonb))
    union
    select task_runs.parent_id from tiercel.task_runs join lineage on task_runs.id = lineage.id
    where task_runs.parent_id is not null
)
select task_runs.* from tiercel.task_runs join lineage on task_runs.id = lineage.id;

-- name: live_runs
-- What has not ended in the executions of these runs.
select * from tiercel.task_runs
where execution_id in (
    select execution_id from tiercel.task_runs where id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
)
  and state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED');

-- name: whole_runs
-- All runs in the executions of these runs.
select * from tiercel.task_runs
where execution_id in (
    select execution_id from tiercel.task_runs where id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
)
order by position;

-- name: executions_by_id
select * from tiercel.executions where id in (select jsonb_array_elements_text(cast(:ids as jsonb)));

-- name: all_runs
select * from tiercel.task_runs where execution_id = :execution_id order by position;

-- name: runs_of_task
select * from tiercel.task_runs where execution_id = :execution_id and task_id = :task_id order by position;

-- name: insert_task_run
insert into tiercel.task_runs (
    id, execution_id, task_id, parent_id, role, value, iteration, path, state, history, attempts, attempt, lease,
    outputs, work, request, due_at, owner, lease_until, frame
) values (
    :id, :execution_id, :task_id, :parent_id, :role, :value, :iteration, :path, :state, :history, :attempts, :attempt,
    :lease, :outputs, :work, :request, :due_at, :owner, :lease_until, :frame
);

-- name: update_task_run
update tiercel.task_runs
set state = :state, history = :history, attempts = :attempts, attempt = :attempt, lease = :lease,
    outputs = :outputs, work = :work, request = :request, due_at = :due_at, owner = :owner,
    lease_until = :lease_until, frame = :frame
where id = :id;

-- name: park
update tiercel.task_runs set work = '', request = null, due_at = null, owner = null, lease_until = null where id = :id;

-- name: insert_plan
insert into tiercel.plans (task_run_id, attempt, plan) values (:task_run_id, :attempt, :plan)
on conflict (task_run_id, attempt) do update set plan = excluded.plan;

-- name: plans
-- :keys is a JSON list of pairs, run id and attempt.
select plans.* from tiercel.plans join jsonb_array_elements(cast(:keys as jsonb)) as wanted (pair)
on plans.task_run_id = wanted.pair ->> 0 and plans.attempt = cast(wanted.pair ->> 1 as bigint);

-- name: drop_below
-- A loop's children are replaced at each turn.
with recursive below (id) as (
    select task_runs.id from tiercel.task_runs join tiercel.task_runs as above
    on task_runs.execution_id = above.execution_id
    where above.id = :id and task_runs.parent_id = :id
    union all
    select task_runs.id from tiercel.task_runs join below on task_runs.parent_id = below.id
    where task_runs.execution_id = (select execution_id from tiercel.task_runs where id = :id)
)
delete from tiercel.task_runs where id in (select id from below);

-- name: drop
delete from tiercel.task_runs where id = :id;

-- name: insert_execution
insert into tiercel.executions (
    id, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, outputs, "trigger",
    parent_run_id, parent_id, original_id, original_created_at, attempt_number
) values (
    :id, :namespace, :flow_id, :revision, :root_id, :state,
    :history, :inputs, :labels, :variables, :outputs, :trigger, :parent_run_id, :parent_id, :original_id,
    :original_created_at, :attempt_number
);

-- name: update_execution
update tiercel.executions
set state = :state, history = :history, labels = :labels, variables = :variables, outputs = :outputs
where id = :id;

-- name: execution
select * from tiercel.executions where id = :id;

-- name: executions
select * from tiercel.executions
where (cast(:namespace as text) is null or namespace = :namespace)
  and (cast(:flow_id as text) is null or flow_id = :flow_id)
  and (cast(:root_id as text) is null or root_id = :root_id)
  and (cast(:state as text) is null or state = :state)
order by position desc limit :limit;

-- name: unfinished_executions
select executions.* from tiercel.executions join tiercel.task_runs on task_runs.execution_id = executions.id
where task_runs.role = 'root' and task_runs.work <> ''
order by executions.position;

-- name: children_of_execution
select executions.id from tiercel.executions join tiercel.task_runs on task_runs.id = executions.parent_run_id
where task_runs.execution_id = :id order by executions.position;

-- name: others_running
-- How many executions of a flow hold a slot of its limit; :known is a JSON list of those that the caller counts.
-- The states are those of an index, word for word.
select count(*) from tiercel.executions
where namespace = :namespace and flow_id = :flow_id
  and id not in (select jsonb_array_elements_text(cast(:known as jsonb)))
  and state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED') and state <> 'QUEUED';

-- name: next_queued
-- Which execution of a flow has been QUEUED the longest, those apart that the caller knows.
select id, position from tiercel.executions
where namespace = :namespace and flow_id = :flow_id
  and state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED') and state = 'QUEUED'
  and id not in (select jsonb_array_elements_text(cast(:known as jsonb)))
order by position limit 1;

-- name: task_run
select * from tiercel.task_runs where id = :id;

-- name: busy
-- Whether anything in a tree goes on by itself, now or at some moment.
select exists (
    select 1 from tiercel.task_runs
    where execution_id in (select id from tiercel.executions where root_id = :root_id)
      and (work in ('ready', 'request', 'timer', 'leased', 'queued') or (work = 'paused' and due_at is not null))
);

-- name: runs
select * from tiercel.task_runs where id in (select jsonb_array_elements_text(cast(:ids as jsonb)));

-- name: root_run
select * from tiercel.task_runs where execution_id = :execution_id and role = 'root';

-- name: task_runs
select * from tiercel.task_runs where execution_id = :execution_id and role = '' order by position;

-- name: outputs_of
-- What expressions read of other runs: only the tasks named in :task_ids, a JSON list; null means all.
select task_id, path, value, outputs, state from tiercel.task_runs
where execution_id = :execution_id and role = ''
  and (cast(:task_ids as text) is null or task_id in (select jsonb_array_elements_text(cast(:task_ids as jsonb))))
order by position;

-- name: insert_log
insert into tiercel.logs (execution_id, task_run_id, task_id, attempt, timestamp, level, message)
values (:execution_id, :task_run_id, :task_id, :attempt, :timestamp, :level, :message);

-- name: logs
select * from tiercel.logs where execution_id = :execution_id and position > :after order by position;

-- name: insert_metric
insert into tiercel.metrics (execution_id, task_run_id, task_id, name, type, value, tags, timestamp)
values (:execution_id, :task_run_id, :task_id, :name, :type, :value, :tags, :timestamp);

-- name: metrics
select task_id, name, type, value, tags from tiercel.metrics where execution_id = :execution_id order by position;

-- name: insert_event
insert into tiercel.events (execution_id, task_run_id, task_id, state, at)
values (:execution_id, :task_run_id, :task_id, :state, :at);

-- name: events
select * from tiercel.events where execution_id = :execution_id and position > :after order by position;

-- name: latest_flow
select revision, source from tiercel.flows where namespace = :namespace and id = :id order by revision desc limit 1;

-- name: flow_source
select source from tiercel.flows where namespace = :namespace and id = :id and revision = :revision;

-- name: insert_flow
insert into tiercel.flows (namespace, id, revision, source, created_at)
values (:namespace, :id, :revision, :source, :created_at);
