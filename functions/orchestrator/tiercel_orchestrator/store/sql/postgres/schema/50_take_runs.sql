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
