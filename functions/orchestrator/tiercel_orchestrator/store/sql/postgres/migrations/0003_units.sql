-- 2026-11-25: functions that lock, read and write what a transaction works on.

-- What a transaction works on: locked, then read. Volatile, so that each statement sees what was committed before it.
--
-- Who changes an execution (p_executions), or needs all of it (p_whole: a run of it), is alone with it; others share
-- it: those of p_runs. Below a guard that is shared, p_runs, their parents and p_locks are locked; of p_live what
-- lives in their executions, of p_whole everything. A child has a higher position than its parent: deepest first, so
-- that nobody waits in a circle. Gives p_runs with all their ancestors, and what lives, or everything.
create function tiercel.take_runs(
    p_executions text[], p_runs text[], p_live text[], p_whole text[], p_locks text[]
) returns setof tiercel.task_runs
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
declare
    v_ended constant text[] := '{SUCCESS,WARNING,FAILED,KILLED,CANCELLED,RETRIED,SKIPPED}';
    v_live constant text[] := array(select execution_id from tiercel.task_runs where id = any (p_live));
    v_whole constant text[] := array(select execution_id from tiercel.task_runs where id = any (p_whole));
begin
    perform case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
    from (
        select hashtextextended(id, 0) as key, bool_or(alone) as alone
        from (
            select unnest(p_executions || v_live || v_whole) as id, true as alone
            union all
            select execution_id, false from tiercel.task_runs where task_runs.id = any (p_runs)
        ) as wanted
        group by key order by key offset 0
    ) as guards;

    perform from tiercel.task_runs
    where id = any (
        p_locks || p_runs
        || array(select parent_id from tiercel.task_runs where id = any (p_runs) and parent_id is not null)
        || array(select id from tiercel.task_runs where execution_id = any (v_live) and state <> all (v_ended))
        || array(select id from tiercel.task_runs where execution_id = any (v_whole))
    )
    order by position desc for no key update;

    return query
    with recursive lineage as (
        select * from tiercel.task_runs where id = any (p_runs)
        union
        select above.* from lineage
        cross join lateral (select * from tiercel.task_runs where id = lineage.parent_id offset 0) as above
    )
    select * from lineage;

    if v_live <> '{}' or v_whole <> '{}' then
        return query
        select * from tiercel.task_runs
        where execution_id = any (v_whole) or (execution_id = any (v_live) and state <> all (v_ended));
    end if;
end
$$;

-- Up to p_limit tasks whose moment has come, the longest due first, and up to p_own_limit of the engine's own rows,
-- each with its execution: what others work on is left to them. p_root narrows it to one tree.
create function tiercel.take_due(p_now bigint, p_root text, p_limit bigint, p_own_limit bigint)
returns table (run tiercel.task_runs, execution tiercel.executions)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    with tasks as materialized (
        select task_runs.* from tiercel.task_runs
        where work = 'ready' and due_at <= p_now
          and (p_root is null or execution_id in (select id from tiercel.executions where root_id = p_root))
        order by due_at, position limit p_limit
        for no key update skip locked
    ),
    own as materialized (
        select task_runs.* from tiercel.task_runs
        where work in ('request', 'timer', 'paused') and due_at <= p_now
          and (p_root is null or execution_id in (select id from tiercel.executions where root_id = p_root))
        order by due_at, position limit p_own_limit
        for no key update skip locked
    ),
    found as (select tasks::tiercel.task_runs as run from tasks union all select own::tiercel.task_runs from own)
    select found.run, executions from found join tiercel.executions on executions.id = (found.run).execution_id;
end
$$;

-- The earliest moment anything waits for; with p_tasks_too that of tasks as well. p_root narrows it to one tree.
create function tiercel.next_due(p_root text, p_tasks_too boolean) returns bigint
language plpgsql stable
set plan_cache_mode = force_generic_plan
as $$
begin
    return least(
        (
            select due_at from tiercel.task_runs
            where work in ('request', 'timer', 'paused') and due_at is not null
              and (p_root is null or execution_id in (select id from tiercel.executions where root_id = p_root))
            order by due_at limit 1
        ),
        (
            select due_at from tiercel.task_runs
            where work = 'ready' and p_tasks_too
              and (p_root is null or execution_id in (select id from tiercel.executions where root_id = p_root))
            order by due_at, position limit 1
        )
    );
end
$$;

-- All that a transaction writes: ids, and a JSON list of rows for each kind, null where there is none; in the order
-- in which one may need another.
create function tiercel.write_unit(
    p_below text[], p_dropped text[], p_parked text[], p_new_executions json, p_executions json, p_new_runs json,
    p_runs json, p_plans json, p_logs json, p_metrics json, p_events json
) returns void
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
begin
    -- a loop's children are replaced at each turn
    if p_below is not null then
        delete from tiercel.task_runs where id in (
            with recursive below (id) as (
                select task_runs.id from tiercel.task_runs join tiercel.task_runs as above
                on task_runs.execution_id = above.execution_id and task_runs.parent_id = above.id
                where above.id = any (p_below)
                union all
                select task_runs.id from tiercel.task_runs join below on task_runs.parent_id = below.id
                where task_runs.execution_id in (
                    select execution_id from tiercel.task_runs
                    where id = any (p_below)
                )
            )
            select id from below
        );
    end if;
    if p_dropped is not null then
        delete from tiercel.task_runs where id = any (p_dropped);
    end if;
    if p_parked is not null then
        update tiercel.task_runs
        set work = '', request = null, due_at = null, owner = null, lease_until = null
        where id = any (p_parked);
    end if;
    if p_new_executions is not null then
        insert into tiercel.executions (
            id, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, outputs, "trigger",
            parent_run_id, parent_id, original_id, original_created_at, attempt_number
        )
        select
            id, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, outputs, "trigger",
            parent_run_id, parent_id, original_id, original_created_at, attempt_number
        from json_populate_recordset(null::tiercel.executions, p_new_executions);
    end if;
    if p_executions is not null then
        update tiercel.executions
        set state = changed.state, history = changed.history, labels = changed.labels,
            variables = changed.variables, outputs = changed.outputs
        from json_populate_recordset(null::tiercel.executions, p_executions) as changed
        where executions.id = changed.id;
    end if;
    if p_new_runs is not null then
        insert into tiercel.task_runs (
            id, execution_id, task_id, parent_id, role, value, iteration, path, state, history, attempts, attempt,
            lease, outputs, work, request, due_at, owner, lease_until, frame
        )
        select
            id, execution_id, task_id, parent_id, role, value, iteration, path, state, history, attempts, attempt,
            lease, outputs, work, request, due_at, owner, lease_until, frame
        from json_populate_recordset(null::tiercel.task_runs, p_new_runs);
    end if;
    if p_runs is not null then
        update tiercel.task_runs
        set state = changed.state, history = changed.history, attempts = changed.attempts,
            attempt = changed.attempt, lease = changed.lease, outputs = changed.outputs, work = changed.work,
            request = changed.request, due_at = changed.due_at, owner = changed.owner,
            lease_until = changed.lease_until, frame = changed.frame
        from json_populate_recordset(null::tiercel.task_runs, p_runs) as changed
        where task_runs.id = changed.id;
    end if;
    if p_plans is not null then
        insert into tiercel.plans (task_run_id, attempt, plan)
        select task_run_id, attempt, plan from json_populate_recordset(null::tiercel.plans, p_plans)
        on conflict (task_run_id, attempt) do update set plan = excluded.plan;
    end if;
    if p_logs is not null then
        insert into tiercel.logs (execution_id, task_run_id, task_id, attempt, timestamp, level, message)
        select execution_id, task_run_id, task_id, attempt, timestamp, level, message
        from json_populate_recordset(null::tiercel.logs, p_logs);
    end if;
    if p_metrics is not null then
        insert into tiercel.metrics (execution_id, task_run_id, task_id, name, type, value, tags, timestamp)
        select execution_id, task_run_id, task_id, name, type, value, tags, timestamp
        from json_populate_recordset(null::tiercel.metrics, p_metrics);
    end if;
    if p_events is not null then
        insert into tiercel.events (execution_id, task_run_id, task_id, state, at)
        select execution_id, task_run_id, task_id, state, at
        from json_populate_recordset(null::tiercel.events, p_events);
    end if;
end
$$;
