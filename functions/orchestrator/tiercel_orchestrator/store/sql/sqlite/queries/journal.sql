-- name: insert_log
insert into logs (execution_id, task_run_id, task_id, attempt, timestamp, level, message)
values (:execution_id, :task_run_id, :task_id, :attempt, :timestamp, :level, :message);

-- name: logs
select * from logs where execution_id = :execution_id and position > :after order by position;

-- name: find_logs
-- Log lines of any execution; :below is a namespace with its dot.
select executions.namespace, executions.flow_id, logs.execution_id, logs.position, logs.task_run_id, logs.task_id,
    logs.attempt, logs.timestamp, logs.level, logs.message
from logs join executions on executions.id = logs.execution_id
where (:execution_id is null or logs.execution_id = :execution_id)
  and (:namespace is null or executions.namespace = :namespace
       or substr(executions.namespace, 1, length(:below)) = :below)
  and (:flow_id is null or executions.flow_id = :flow_id)
  and (:task_ids is null or logs.task_id in (select value from json_each(:task_ids)))
  and (:levels is null or logs.level in (select value from json_each(:levels)))
  and (:start is null or logs.timestamp >= :start)
  and (:end is null or logs.timestamp < :end)
  and logs.position > :after
order by logs.position limit :limit;

-- name: purge_logs
delete from logs where position in (
    select logs.position from logs join executions on executions.id = logs.execution_id
    where (:execution_id is null or logs.execution_id = :execution_id)
      and (:namespace is null or executions.namespace = :namespace
           or substr(executions.namespace, 1, length(:below)) = :below)
      and (:flow_id is null or executions.flow_id = :flow_id)
      and (:task_ids is null or logs.task_id in (select value from json_each(:task_ids)))
      and (:levels is null or logs.level in (select value from json_each(:levels)))
      and (:start is null or logs.timestamp >= :start)
      and (:end is null or logs.timestamp < :end)
);

-- name: insert_metric
insert into metrics (execution_id, task_run_id, task_id, name, type, value, tags, timestamp)
values (:execution_id, :task_run_id, :task_id, :name, :type, :value, :tags, :timestamp);

-- name: metrics
select task_id, name, type, value, tags from metrics where execution_id = :execution_id order by position;

-- name: insert_event
insert into events (execution_id, task_run_id, task_id, state, at)
values (:execution_id, :task_run_id, :task_id, :state, :at);

-- name: events
select * from events where execution_id = :execution_id and position > :after order by position;
