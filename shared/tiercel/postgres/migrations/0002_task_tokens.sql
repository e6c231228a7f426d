-- 2026-11-25: what a deployed family may reach under the token of one task run.
--
-- Its role is `tiercel_task`, and its claims name the namespace, the flow, the execution, the task run and the
-- attempt that it was minted for.
-- No other role that a client may take reaches anything here, but the service's own.

do $$
begin
    if not exists (select from pg_roles where rolname = 'tiercel_task') then
        create role tiercel_task nologin noinherit;
    end if;
    -- the role that PostgREST connects as must be able to become it
    if exists (select from pg_roles where rolname = 'authenticator') then
        grant tiercel_task to authenticator;
    end if;
end
$$;

-- Gives a claim of the token that the request came with, which PostgREST has verified.
create function pipeline.claim(p_name text) returns text
language sql stable set search_path = ''
as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> p_name $$;

-- Gives the namespace of the task run that asks; nothing, where the token names no whole task run.
create function pipeline.namespace() returns text
language sql stable set search_path = ''
as $$
    select pipeline.claim('namespace')
    where pipeline.claim('namespace') <> '' and pipeline.claim('flowId') <> ''
        and pipeline.claim('executionId') <> '' and pipeline.claim('taskRunId') <> ''
        and pipeline.claim('attempt') ~ '^[1-9][0-9]*$'
$$;

-- Gives the namespaces that the task run may read: its own and those above.
create function pipeline.lineage() returns text[]
language sql stable set search_path = ''
as $$
    select coalesce(array_agg(array_to_string(parts[1:depth], '.')), '{}')
    from string_to_array(pipeline.namespace(), '.') as parts, generate_subscripts(parts, 1) as depth
$$;

alter table public.pipeline_kv_store enable row level security;
alter table public.pipeline_execution_state enable row level security;

-- The subqueries are there so that claims are read once per statement, not once per row.
create policy "a task reads keys of its namespace and of those above" on public.pipeline_kv_store
    for select to tiercel_task using (namespace = any ((select pipeline.lineage())::text[]));
create policy "a task adds keys to its namespace" on public.pipeline_kv_store
    for insert to tiercel_task with check (namespace = (select pipeline.namespace()));
create policy "a task replaces keys of its namespace" on public.pipeline_kv_store
    for update to tiercel_task using (namespace = (select pipeline.namespace()));
create policy "a task removes keys of its namespace" on public.pipeline_kv_store
    for delete to tiercel_task using (namespace = (select pipeline.namespace()));
create policy "a task has the states of its flow and the shared ones of its namespace"
    on public.pipeline_execution_state for all to tiercel_task
    using (
        namespace = (select pipeline.namespace()) and flow_id in ('', (select pipeline.claim('flowId'))));

-- Gives a secret of Supabase's Vault, where it is named `namespace/KEY`: that of the deepest namespace asked for.
-- It runs as its owner, who may read the Vault; hence it looks at the claims itself.
create function public.pipeline_secret(p_namespaces text[], p_key text)
returns table (value text)
language plpgsql stable security definer set search_path = ''
as $$
begin
    if pipeline.claim('role') is distinct from 'service_role' and not p_namespaces <@ pipeline.lineage() then
        raise insufficient_privilege using message = 'the secrets of this namespace are not for this task run';
    end if;
    return query
    select decrypted_secret from vault.decrypted_secrets
    where name in (select namespace || '/' || p_key from unnest(p_namespaces) as namespace)
    order by length(name) desc
    limit 1;
end
$$;

-- Supabase gives all rights on what is new in `public` to every client.
revoke all on public.pipeline_kv_store, public.pipeline_execution_state from public;
revoke all on function
    public.pipeline_kv_get, public.pipeline_kv_put, public.pipeline_kv_delete, public.pipeline_kv_entries,
    public.pipeline_kv_namespaces, public.pipeline_kv_purge, public.pipeline_state_get,
    public.pipeline_state_put, public.pipeline_state_delete, public.pipeline_secret
from public;

do $$
declare
    v_role text;
begin
    for v_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
        execute format(
            'revoke all on public.pipeline_kv_store, public.pipeline_execution_state from %I', v_role);
        execute format(
            'revoke all on function '
            'public.pipeline_kv_get, public.pipeline_kv_put, public.pipeline_kv_delete, '
            'public.pipeline_kv_entries, public.pipeline_kv_namespaces, public.pipeline_kv_purge, '
            'public.pipeline_state_get, public.pipeline_state_put, public.pipeline_state_delete, '
            'public.pipeline_secret from %I', v_role);
    end loop;
    for v_role in select rolname from pg_roles where rolname in ('tiercel_task', 'service_role') loop
        execute format('grant usage on schema public, pipeline to %I', v_role);
        execute format(
            'grant select, insert, update, delete '
            'on public.pipeline_kv_store, public.pipeline_execution_state to %I', v_role);
        execute format(
            'grant execute on function '
            'public.pipeline_kv_get, public.pipeline_kv_put, public.pipeline_kv_delete, '
            'public.pipeline_kv_entries, public.pipeline_kv_namespaces, public.pipeline_kv_purge, '
            'public.pipeline_state_get, public.pipeline_state_put, public.pipeline_state_delete, '
            'public.pipeline_secret to %I', v_role);
    end loop;
end
$$;

-- PostgREST reads anew what there is to call.
notify pgrst, 'reload schema';
