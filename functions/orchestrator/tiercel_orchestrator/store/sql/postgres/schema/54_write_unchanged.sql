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
