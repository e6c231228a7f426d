-- name: logs
select * from tiercel.logs where execution_id = :execution_id and position > :after order by position;

-- name: find_logs
-- Log lines of any execution; :below is a namespace with its dot.
select executions.namespace, executions.flow_id, logs.execution_id, logs.position, logs.task_run_id, logs.task_id,
    logs.attempt, logs.timestamp, logs.level, logs.message
from tiercel.logs join tiercel.executions on executions.id = logs.execution_id
where (cast(:execution_id as text) is null or logs.execution_id = cast(:execution_id as text))
  and (cast(:namespace as text) is null or executions.namespace = cast(:namespace as text)
       or substr(executions.namespace, 1, length(cast(:below as text))) = cast(:below as text))
  and (cast(:flow_id as text) is null or executions.flow_id = cast(:flow_id as text))
  and (cast(:task_ids as text) is null or logs.task_id in (select jsonb_array_elements_text(cast(:task_ids as jsonb))))
  and (cast(:levels as text) is null or logs.level in (select jsonb_array_elements_text(cast(:levels as jsonb))))
  and (cast(:start as text) is null or logs.timestamp >= cast(:start as text))
  and (cast(:end as text) is null or logs.timestamp < cast(:end as text))
  and logs.position > :after
order by logs.position limit :limit;

-- name: purge_logs
delete from tiercel.logs where position in (
    select logs.position from tiercel.logs join tiercel.executions on executions.id = logs.execution_id
    where (cast(:execution_id as text) is null or logs.execution_id = cast(:execution_id as text))
      and (cast(:namespace as text) is null or executions.namespace = cast(:namespace as text)
           or substr(executions.namespace, 1, length(cast(:below as text))) = cast(:below as text))
      and (cast(:flow_id as text) is null or executions.flow_id = cast(:flow_id as text))
      and (cast(:task_ids as text) is null or logs.task_id in (select jsonb_array_elements_text(cast(:task_ids as jsonb))))
      and (cast(:levels as text) is null or logs.level in (select jsonb_array_elements_text(cast(:levels as jsonb))))
      and (cast(:start as text) is null or logs.timestamp >= cast(:start as text))
      and (cast(:end as text) is null or logs.timestamp < cast(:end as text))
);

-- name: metrics
select task_id, name, type, value, tags from tiercel.metrics where execution_id = :execution_id order by position;

-- name: events
select * from tiercel.events where execution_id = :execution_id and position > :after order by position;
