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
