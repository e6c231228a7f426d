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
