-- name: logs
select * from tiercel.logs where execution_id = :execution_id and position > :after order by position;

-- name: metrics
select task_id, name, type, value, tags from tiercel.metrics where execution_id = :execution_id order by position;

-- name: events
select * from tiercel.events where execution_id = :execution_id and position > :after order by position;
