-- 2026-11-25: a deployed family looks after executions under the token of one task run.
--
-- It reaches those of its namespace and of the namespaces below. What only reads, and what deletes log lines, is
-- done here; anything else is left behind for an orchestrator, which answers in the same row.

-- Gives the namespace of the task run that asks, if it may look after `p_namespace`; null stands for all it may.
-- Both this and what uses it run as their owner, who may look into the engine's tables.
create function pipeline.steward_of(p_namespace text) returns text
language plpgsql stable security definer set search_path = ''
as $$
declare
    v_own constant text := pipeline.namespace();
    v_here boolean := to_regclass('tiercel.executions') is not null;
begin
    if v_own is null then
        raise insufficient_privilege using message = 'the token is not one of a task run that is worked on';
    end if;
    if v_here then
        v_here := exists (select from tiercel.executions where id = pipeline.claim('executionId'));
    end if;
    if not v_here then
        raise exception 'The executions are kept elsewhere than in the database of this project; set TIERCEL_STORE to '
            'it where the orchestrator runs, or leave the family of this task out of TIERCEL_FAMILY_URLS.';
    end if;
    if p_namespace <> v_own and not starts_with(p_namespace, v_own || '.') then
        raise insufficient_privilege
            using message = format('namespace ''%s'' is neither its own nor below it', p_namespace);
    end if;
    return v_own;
end
$$;

-- Gives executions from a position on, the oldest first, as many as are wanted at once.
create function public.pipeline_executions(
    p_namespace text, p_below boolean, p_flow_id text, p_states text[], p_start timestamptz, p_end timestamptz,
    p_after bigint, p_limit integer
) returns table ("position" bigint, id text, namespace text, flow_id text, state text, started_at text)
language plpgsql stable security definer set search_path = ''
as $$
declare
    v_own constant text := pipeline.steward_of(p_namespace);
begin
    return query
    select e.position, e.id, e.namespace, e.flow_id, e.state, e.history::json -> 0 ->> 1
    from tiercel.executions as e
    where (e.namespace = v_own or starts_with(e.namespace, v_own || '.'))
        and (p_namespace is null or e.namespace = p_namespace
            or p_below and starts_with(e.namespace, p_namespace || '.'))
        and (p_flow_id is null or e.flow_id = p_flow_id)
        and (p_states is null or e.state = any (p_states))
        and (p_start is null or (e.history::json -> 0 ->> 1)::timestamptz >= p_start)
        and (p_end is null or (e.history::json -> 0 ->> 1)::timestamptz < p_end)
        and e.position > p_after
    order by e.position limit p_limit;
end
$$;

-- Gives log lines from a position on, the oldest first, as many as are wanted at once.
create function public.pipeline_logs(
    p_namespace text, p_below boolean, p_flow_id text, p_execution_id text, p_task_ids text[], p_levels text[],
    p_start text, p_end text, p_after bigint, p_limit integer
) returns table (
    "position" bigint, namespace text, flow_id text, execution_id text, task_run_id text, task_id text,
    attempt bigint, "timestamp" text, level text, message text
)
language plpgsql stable security definer set search_path = ''
as $$
declare
    v_own constant text := pipeline.steward_of(p_namespace);
begin
    return query
    select l.position, e.namespace, e.flow_id, l.execution_id, l.task_run_id, l.task_id, l.attempt, l.timestamp,
        l.level, l.message
    from tiercel.logs as l join tiercel.executions as e on e.id = l.execution_id
    where (e.namespace = v_own or starts_with(e.namespace, v_own || '.'))
        and (p_namespace is null or e.namespace = p_namespace
            or p_below and starts_with(e.namespace, p_namespace || '.'))
        and (p_flow_id is null or e.flow_id = p_flow_id)
        and (p_execution_id is null or l.execution_id = p_execution_id)
        and (p_task_ids is null or l.task_id = any (p_task_ids))
        and (p_levels is null or l.level = any (p_levels))
        and (p_start is null or l.timestamp >= p_start)
        and (p_end is null or l.timestamp < p_end)
        and l.position > p_after
    order by l.position limit p_limit;
end
$$;

-- Deletes log lines, at most so many at once, and says how many there were.
create function public.pipeline_logs_purge(
    p_namespace text, p_below boolean, p_flow_id text, p_execution_id text, p_task_ids text[], p_levels text[],
    p_start text, p_end text, p_limit integer
) returns table (removed bigint)
language plpgsql volatile security definer set search_path = ''
as $$
begin
    delete from tiercel.logs as l using public.pipeline_logs(
        p_namespace, p_below, p_flow_id, p_execution_id, p_task_ids, p_levels, p_start, p_end, 0, p_limit
    ) as old
    where l.position = old.position;
    get diagnostics removed = row_count;
    return next;
end
$$;

-- Leaves something for an orchestrator to do, wakes one, and gives the id to ask for the answer by.
create function pipeline.leave_errand(p_verb text, p_asked json) returns text
language plpgsql volatile set search_path = ''
as $$
declare
    v_id constant text := tiercel.fresh_id();
    v_now constant bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
    delete from tiercel.errands where asked_at < v_now - 86400000000;
    insert into tiercel.errands (id, task_run_id, verb, asked, asked_at)
    values (v_id, pipeline.claim('taskRunId'), p_verb, p_asked::text, v_now);
    perform tiercel.wake();
    return v_id;
end
$$;

-- Asks that executions go, or what belongs to them; each has to be one that the task run looks after.
create function public.pipeline_purge(
    p_execution_ids text[], p_executions boolean, p_logs boolean, p_metrics boolean, p_files boolean
) returns table (id text)
language plpgsql volatile security definer set search_path = ''
as $$
begin
    perform pipeline.steward_of(null);
    perform pipeline.steward_of(e.namespace) from tiercel.executions as e where e.id = any (p_execution_ids);
    return query select pipeline.leave_errand('purge', json_build_object(
        'execution_ids', p_execution_ids, 'executions', p_executions, 'logs', p_logs, 'metrics', p_metrics,
        'files', p_files));
end
$$;

-- Asks that a paused execution goes on; `p_inputs` is the text of a JSON object.
create function public.pipeline_resume(p_execution_id text, p_inputs text) returns table (id text)
language plpgsql volatile security definer set search_path = ''
as $$
begin
    perform pipeline.steward_of((select e.namespace from tiercel.executions as e where e.id = p_execution_id));
    return query select pipeline.leave_errand('resume', json_build_object(
        'execution_id', p_execution_id, 'inputs', p_inputs::json));
end
$$;

-- Asks that a trigger is switched on or off.
create function public.pipeline_trigger_switch(
    p_namespace text, p_flow_id text, p_trigger_id text, p_enabled boolean
) returns table (id text)
language plpgsql volatile security definer set search_path = ''
as $$
begin
    perform pipeline.steward_of(p_namespace);
    return query select pipeline.leave_errand('switch_trigger', json_build_object(
        'namespace', p_namespace, 'flow_id', p_flow_id, 'id', p_trigger_id, 'enabled', p_enabled));
end
$$;

-- Gives what came of something that this task run has asked for: whether it was taken up, and the answer.
create function public.pipeline_answer(p_id text) returns table (taken boolean, answer text, refusal text)
language plpgsql stable security definer set search_path = ''
as $$
begin
    perform pipeline.steward_of(null);
    return query
    select e.taken_until is not null, e.answer, e.refusal from tiercel.errands as e
    where e.id = p_id and e.task_run_id = pipeline.claim('taskRunId');
end
$$;

-- Whoever is not a task run has no use for these, and no right to them.
revoke all on function pipeline.steward_of, pipeline.leave_errand from public;
do $$
declare
    v_role text;
    v_functions constant text :=
        'public.pipeline_executions, public.pipeline_logs, public.pipeline_logs_purge, public.pipeline_purge, '
        'public.pipeline_resume, public.pipeline_trigger_switch, public.pipeline_answer';
begin
    execute format('revoke all on function %s from public', v_functions);
    for v_role in select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
        execute format('revoke all on function %s from %I', v_functions, v_role);
    end loop;
    execute format('grant execute on function %s to tiercel_task', v_functions);
end
$$;

-- PostgREST reads anew what there is to call.
notify pgrst, 'reload schema';
