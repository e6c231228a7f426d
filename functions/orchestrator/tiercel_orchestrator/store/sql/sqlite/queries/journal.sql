-- name: insert_log
insert into logs (execution_id, task_run_id, task_id, attempt, timestamp, level, message)
values (:execution_id, :task_run_id, :task_id, :attempt, :timestamp, :level, :message);

-- name: logs
select * from logs where execution_id = :execution_id and position > :after order by position;

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
