-- name: executions_of
select * from executions where id in (select value from json_each(:ids));

-- name: execution
select * from executions where id = :id;

-- name: executions
select * from executions
where (:namespace is null or namespace = :namespace)
  and (:flow_id is null or flow_id = :flow_id)
  and (:root_id is null or root_id = :root_id)
  and (:state is null or state = :state)
order by position desc limit :limit;

-- name: unfinished_executions
select executions.* from executions join task_runs on task_runs.execution_id = executions.id
where task_runs.role = 'root' and task_runs.work <> ''
order by executions.position;

-- name: children_of_execution
select executions.id from executions join task_runs on task_runs.id = executions.parent_run_id
where task_runs.execution_id = :id order by executions.position;

-- name: others_running
-- How many executions of a flow hold a slot of its limit; :known is a JSON list of those that the caller counts.
-- The states are those of an index, word for word.
select count(*) from executions
where namespace = :namespace and flow_id = :flow_id and id not in (select value from json_each(:known))
  and state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED')
  and state not in ('QUEUED', 'RESTARTED');

-- name: next_queued
-- Which execution of a flow has been QUEUED the longest, those apart that the caller knows.
select id, position from executions
where namespace = :namespace and flow_id = :flow_id
  and state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED') and state = 'QUEUED'
  and id not in (select value from json_each(:known))
order by position limit 1;

-- name: insert_execution
insert into executions (
    id, position, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, outputs, "trigger",
    parent_run_id, parent_id, original_id, original_created_at, attempt_number
) values (
    :id, (select coalesce(max(position), 0) + 1 from executions), :namespace, :flow_id, :revision, :root_id, :state,
    :history, :inputs, :labels, :variables, :outputs, :trigger, :parent_run_id, :parent_id, :original_id,
    :original_created_at, :attempt_number
);

-- name: update_execution
update executions
set state = :state, history = :history, labels = :labels, variables = :variables, outputs = :outputs
where id = :id;
