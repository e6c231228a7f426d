-- name: old_executions
-- What ended before :before, which may be null, and began a tree; or what began it is gone. From a position on.
select position, id, namespace, flow_id from tiercel.executions as old
where position > :after
  and (cast(:namespace as text) is null or namespace = :namespace)
  and (cast(:flow_id as text) is null or flow_id = :flow_id)
  and state in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
  and (cast(:before as text) is null or cast(old.history as jsonb) -> -1 ->> 1 < cast(:before as text))
  and (id = root_id or not exists (select 1 from tiercel.executions as roots where roots.id = old.root_id))
order by position limit :limit;

-- name: oldest_kept
-- The last of the :keep newest executions of a flow that began a tree.
select position from tiercel.executions
where namespace = :namespace and flow_id = :flow_id and id = root_id
order by position desc limit 1 offset cast(:keep as bigint) - 1;

-- name: finished_trees
-- Those of the trees that began with :ids in which all has ended, before :before, with how many executions.
select old.id, (
    select count(*) from tiercel.executions as parts where parts.root_id = old.id and parts.id <> old.id
) + 1
from tiercel.executions as old
where id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
  and not exists (
      select 1 from tiercel.executions as parts
      where (parts.root_id = old.id or parts.id = old.id) and (
          parts.state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
          or cast(parts.history as jsonb) -> -1 ->> 1 >= cast(:before as text)
          or exists (select 1 from tiercel.task_runs where execution_id = parts.id and work <> '')
      )
  )
order by position;

-- name: trees
-- The executions of trees, what began them first; with :trees false these alone.
select id, case when cast(:trees as boolean) then root_id else id end as tree, namespace, flow_id
from tiercel.executions
where id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
   or (cast(:trees as boolean) and root_id in (select jsonb_array_elements_text(cast(:ids as jsonb))))
order by position;

-- name: unended
-- Those of some executions in which something is still to be done.
select id from tiercel.executions
where id in (select jsonb_array_elements_text(cast(:ids as jsonb))) and (
    state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')
    or exists (select 1 from tiercel.task_runs where execution_id = executions.id and work <> '')
);

-- name: remove_logs
delete from tiercel.logs where position in (
    select position from tiercel.logs
    where execution_id in (select jsonb_array_elements_text(cast(:ids as jsonb))) limit :limit
);

-- name: remove_metrics
delete from tiercel.metrics where position in (
    select position from tiercel.metrics
    where execution_id in (select jsonb_array_elements_text(cast(:ids as jsonb))) limit :limit
);

-- name: remove_events
delete from tiercel.events where position in (
    select position from tiercel.events
    where execution_id in (select jsonb_array_elements_text(cast(:ids as jsonb))) limit :limit
);

-- name: remove_plans
-- Those of the task runs that `remove_task_runs` removes.
delete from tiercel.plans where task_run_id in (
    select id from tiercel.task_runs where execution_id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
    order by role = 'root' desc, position limit :limit
);

-- name: remove_task_runs
-- The roots first: an execution without one cannot be begun again.
delete from tiercel.task_runs where position in (
    select position from tiercel.task_runs where execution_id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
    order by role = 'root' desc, position limit :limit
);

-- name: remove_executions
delete from tiercel.executions
where id in (select jsonb_array_elements_text(cast(:ids as jsonb)))
  and not exists (select 1 from tiercel.task_runs where execution_id = executions.id);

-- name: remove_stray_logs
-- Lines from before :before, of executions that were removed without them.
delete from tiercel.logs where position in (
    select position from tiercel.logs
    where timestamp < :before and not exists (select 1 from tiercel.executions where executions.id = logs.execution_id)
    limit :limit
);

-- name: remove_refused_requests
delete from tiercel.start_requests where refusal is not null and asked_at < :asked_before;

-- name: find_executions
-- Executions from a position on; :below is a namespace with its dot.
select position, id, namespace, flow_id, state, history from tiercel.executions
where (cast(:namespace as text) is null or namespace = cast(:namespace as text)
       or substr(namespace, 1, length(cast(:below as text))) = cast(:below as text))
  and (cast(:flow_id as text) is null or flow_id = cast(:flow_id as text))
  and (cast(:states as text) is null or state in (select jsonb_array_elements_text(cast(:states as jsonb))))
  and position > :after
order by position limit :limit;

-- name: purge_logs_of
delete from tiercel.logs where execution_id = :execution_id;

-- name: purge_metrics_of
delete from tiercel.metrics where execution_id = :execution_id;
