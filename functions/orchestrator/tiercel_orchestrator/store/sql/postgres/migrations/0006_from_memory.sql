-- 2026-11-25: a unit of work may be written from memory.

drop function tiercel.write_unit(text[], text[], text[], json, json, json, json, json, json, json, json);

-- All that a transaction writes: ids, and a JSON list of rows for each kind, null where there is none; in the order
-- in which one may need another. Its plans are made while the tables are small, and must hold when they are not. Gives the version of the rows that it wrote, which is their xmin, and where p_claims
-- when something is due next.
create function tiercel.write_unit(
    p_below text[], p_dropped text[], p_parked text[], p_new_executions json, p_executions json, p_new_runs json,
    p_runs json, p_plans json, p_logs json, p_metrics json, p_events json,
    p_claims boolean, p_root text, p_tasks_too boolean
) returns table (version bigint, due bigint)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
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
    return query select
        pg_current_xact_id()::xid::text::bigint,
        case when p_claims then tiercel.next_due(p_root, p_tasks_too) end;
end
$$;

-- A unit of work that was decided on from memory, written if nobody has changed meanwhile what it was decided on: the
-- rows that are named with the xmin they had. Gives no row, and writes nothing, if somebody has. Guards and locks are
-- those of take_runs, in its order. What is checked after the wait for them is to be what is there then: nothing is
-- written at another level of isolation than read committed, whatever the server's default is.
create function tiercel.write_unchanged(
    p_alone text[], p_shared text[], p_locks text[], p_known_runs text[], p_run_versions bigint[],
    p_known_executions text[], p_execution_versions bigint[],
    p_below text[], p_dropped text[], p_parked text[], p_new_executions json, p_executions json, p_new_runs json,
    p_runs json, p_plans json, p_logs json, p_metrics json, p_events json,
    p_claims boolean, p_root text, p_tasks_too boolean
) returns table (version bigint, due bigint)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        return;
    end if;

    perform case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
    from (
        select hashtextextended(id, 0) as key, bool_or(alone) as alone
        from (
            select unnest(p_alone) as id, true as alone
            union all
            select unnest(p_shared), false
        ) as wanted
        group by key order by key offset 0
    ) as guards;

    perform from tiercel.task_runs where id = any (p_locks) order by position desc for no key update;

    if exists (
        select from unnest(p_known_runs, p_run_versions) as known (id, version)
        where not exists (
            select from tiercel.task_runs where task_runs.id = known.id and xmin::text::bigint = known.version
        )
    ) or exists (
        select from unnest(p_known_executions, p_execution_versions) as known (id, version)
        where not exists (
            select from tiercel.executions where executions.id = known.id and xmin::text::bigint = known.version
        )
    ) then
        return;
    end if;

    return query select * from tiercel.write_unit(
        p_below, p_dropped, p_parked, p_new_executions, p_executions, p_new_runs, p_runs, p_plans, p_logs, p_metrics,
        p_events, p_claims, p_root, p_tasks_too
    );
end
$$;
