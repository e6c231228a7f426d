-- name: executions_of
-- Executions by their ids, and those of :runs.
select * from tiercel.executions where id = any (array(
    select jsonb_array_elements_text(cast(:ids as jsonb))
    union
    select execution_id from tiercel.task_runs where id = any (array(select jsonb_array_elements_text(cast(:runs as jsonb))))
));

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
  and id <> all (array(select jsonb_array_elements_text(cast(:known as jsonb))))
  and state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED')
  and state not in ('QUEUED', 'RESTARTED');

-- name: next_queued
-- Which execution of a flow has been QUEUED the longest, those apart that the caller knows.
select id, position from tiercel.executions
where namespace = :namespace and flow_id = :flow_id
  and state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED') and state = 'QUEUED'
  and id <> all (array(select jsonb_array_elements_text(cast(:known as jsonb))))
order by position limit 1;
