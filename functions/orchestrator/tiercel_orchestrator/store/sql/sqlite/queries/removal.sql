-- name: old_executions
-- What ended before :before, which may be null, and began a tree; or what began it is gone. From a position on.
select position, id, namespace, flow_id from executions as old
where position > :after
  and (:namespace is null or namespace = :namespace)
  and (:flow_id is null or flow_id = :flow_id)
  and state in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
  and (:before is null or old.history ->> '$[#-1][1]' < :before)
  and (id = root_id or not exists (select 1 from executions as roots where roots.id = old.root_id))
order by position limit :limit;

-- name: oldest_kept
-- The last of the :keep newest executions of a flow that began a tree.
select position from executions
where namespace = :namespace and flow_id = :flow_id and id = root_id
order by position desc limit 1 offset :keep - 1;

-- name: finished_trees
-- Those of the trees that began with :ids in which all has ended, before :before, with how many executions.
select old.id, (
    select count(*) from executions as parts where parts.root_id = old.id and parts.id <> old.id
) + 1
from executions as old
where id in (select value from json_each(:ids))
  and not exists (
      select 1 from executions as parts
      where (parts.root_id = old.id or parts.id = old.id) and (
          parts.state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
          or parts.history ->> '$[#-1][1]' >= :before
          or exists (select 1 from task_runs where execution_id = parts.id and work <> '')
      )
  )
order by position;

-- name: trees
-- The executions of trees, what began them first; with :trees false these alone.
select id, case when :trees then root_id else id end as tree, namespace, flow_id
from executions
where id in (select value from json_each(:ids))
   or (:trees and root_id in (select value from json_each(:ids)))
order by position;

-- name: unended
-- Those of some executions in which something is still to be done.
select id from executions
where id in (select value from json_each(:ids)) and (
    state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
    or exists (select 1 from task_runs where execution_id = executions.id and work <> '')
);

-- name: remove_logs
delete from logs where position in (
    select position from logs
    where execution_id in (select value from json_each(:ids)) limit :limit
);

-- name: remove_metrics
delete from metrics where position in (
    select position from metrics
    where execution_id in (select value from json_each(:ids)) limit :limit
);

-- name: remove_events
delete from events where position in (
    select position from events
    where execution_id in (select value from json_each(:ids)) limit :limit
);

-- name: remove_plans
-- Those of the task runs that `remove_task_runs` removes.
delete from plans where task_run_id in (
    select id from task_runs where execution_id in (select value from json_each(:ids))
    order by role = 'root' desc, position limit :limit
);

-- name: remove_task_runs
-- The roots first: an execution without one cannot be begun again.
delete from task_runs where position in (
    select position from task_runs where execution_id in (select value from json_each(:ids))
    order by role = 'root' desc, position limit :limit
);

-- name: remove_executions
delete from executions
where id in (select value from json_each(:ids))
  and not exists (select 1 from task_runs where execution_id = executions.id);

-- name: remove_stray_logs
-- Lines from before :before, of executions that were removed without them.
delete from logs where position in (
    select position from logs
    where timestamp < :before and not exists (select 1 from executions where executions.id = logs.execution_id)
    limit :limit
);

-- name: remove_refused_requests
delete from start_requests where refusal is not null and asked_at < :asked_before;

-- name: find_executions
-- Executions from a position on; :below is a namespace with its dot.
select position, id, namespace, flow_id, state, history from executions
where (:namespace is null or namespace = :namespace
       or substr(namespace, 1, length(:below)) = :below)
  and (:flow_id is null or flow_id = :flow_id)
  and (:states is null or state in (select value from json_each(:states)))
  and position > :after
order by position limit :limit;

-- name: purge_logs_of
delete from logs where execution_id = :execution_id;

-- name: purge_metrics_of
delete from metrics where execution_id = :execution_id;
