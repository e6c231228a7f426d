-- 2026-11-25: a token ends with the task run that it was minted for.
--
-- Where the engine's tables are in the same database, a token is good only while its task run is worked on, in that
-- execution and in that attempt. An execution that is not known here is kept elsewhere: then the token's own end
-- is all there is.

-- Says whether the task run of the token is worked on. It runs as its owner, who may look into the engine's tables.
create function pipeline.is_live() returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    if to_regclass('tiercel.executions') is null or to_regclass('tiercel.task_runs') is null then
        return true;
    end if;
    return not exists (select from tiercel.executions where id = pipeline.claim('executionId'))
        or exists (
            select from tiercel.task_runs
            where id = pipeline.claim('taskRunId') and execution_id = pipeline.claim('executionId')
                and attempt::text = pipeline.claim('attempt') and work = 'leased');
end
$$;

-- Gives the namespace of the task run that asks; nothing, where the token names no whole task run, or one that is
-- not worked on.
create or replace function pipeline.namespace() returns text
language sql stable set search_path = ''
as $$
    select pipeline.claim('namespace')
    where pipeline.claim('namespace') <> '' and pipeline.claim('flowId') <> ''
        and pipeline.claim('executionId') <> '' and pipeline.claim('taskRunId') <> ''
        and pipeline.claim('attempt') ~ '^[1-9][0-9]*$' and pipeline.is_live()
$$;
