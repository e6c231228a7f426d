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
