-- 2026-11-25: the families that are deployed, the types that they serve, and the task runs that they were asked for.
--
-- A family's release writes its rows from its own list of plugins; orchestrators read them.

-- A family as it was released last. Its manifest is kept as it was written; the tables below follow from it.
create table public.service_registry (
    family text not null primary key,
    version text not null,
    runtime text not null,
    url text,
    queue_url text,
    prefixes text[] not null,
    manifest_json text not null,
    published_at timestamptz not null
);

-- A plugin of a family, under its own name.
create table public.service_functions (
    type text not null primary key,
    family text not null references public.service_registry (family) on delete cascade,
    kind text not null,
    title text not null,
    parameters jsonb not null,
    outputs jsonb
);

create index service_functions_of_family on public.service_functions (family);

-- Every name that a flow may give a plugin: its own, and those that it had before.
create table public.service_type_catalog (
    name text not null primary key,
    type text not null references public.service_functions (type) on delete cascade
);

create index service_type_catalog_of_type on public.service_type_catalog (type);

create view public.service_functions_view with (security_invoker = true) as
select
    functions.type, functions.kind, functions.title, functions.family, registry.version,
    registry.url || '/v1/tasks/' || replace(functions.type, '.', '/') as url,
    array(
        select catalog.name from public.service_type_catalog as catalog
        where catalog.type = functions.type and catalog.name <> functions.type
        order by catalog.name
    ) as aliases
from public.service_functions as functions
join public.service_registry as registry on registry.family = functions.family;

-- One call of a family. What a task was asked for is kept without its secrets; what it answered, as it was written.
create table public.service_runs (
    id text not null primary key,
    family text not null,
    idempotency_key text,
    envelope_sha256 text not null,
    task_type text not null,
    namespace text not null,
    flow_id text not null,
    execution_id text not null,
    task_run_id text not null,
    attempt bigint not null,
    status text not null,
    config_snapshot jsonb not null,
    result_json text,
    duration_seconds double precision,
    created_at timestamptz not null,
    started_at timestamptz,
    heartbeat_at timestamptz,
    ended_at timestamptz,
    constraint "a key names one run of a family" unique (family, idempotency_key),
    constraint "a status is a known one" check (
        status in ('QUEUED', 'RUNNING', 'SUCCESS', 'WARNING', 'FAILED', 'SKIPPED', 'KILLED')),
    constraint "what has ended has a result" check ((ended_at is null) = (result_json is null)),
    constraint "what has ended does not wait" check ((ended_at is null) = (status in ('QUEUED', 'RUNNING')))
);

create index service_runs_by_time on public.service_runs (created_at);

-- Writes a family's rows anew from its manifest, all of them or none.
create function public.service_publish(p_manifest_json text, p_url text, p_queue_url text, p_now timestamptz)
returns table (plugins bigint)
language plpgsql volatile set search_path = ''
as $$
declare
    v_manifest constant jsonb := p_manifest_json::jsonb;
    v_family constant text := v_manifest ->> 'family';
begin
    insert into public.service_registry as kept
        (family, version, runtime, url, queue_url, prefixes, manifest_json, published_at)
    values (
        v_family, v_manifest ->> 'version', v_manifest ->> 'runtime', p_url, p_queue_url,
        array(select jsonb_array_elements_text(v_manifest -> 'prefixes')), p_manifest_json, p_now)
    on conflict (family) do update set
        version = excluded.version, runtime = excluded.runtime, prefixes = excluded.prefixes,
        url = coalesce(excluded.url, kept.url), queue_url = coalesce(excluded.queue_url, kept.queue_url),
        manifest_json = excluded.manifest_json, published_at = excluded.published_at;
    delete from public.service_functions where family = v_family;
    insert into public.service_functions (type, family, kind, title, parameters, outputs)
    select
        plugin ->> 'type', v_family, plugin ->> 'kind', plugin ->> 'title',
        coalesce(plugin -> 'parameters', '{}'), plugin -> 'outputs'
    from jsonb_array_elements(v_manifest -> 'plugins') as plugin;
    insert into public.service_type_catalog (name, type)
    select plugin ->> 'type', plugin ->> 'type' from jsonb_array_elements(v_manifest -> 'plugins') as plugin
    union
    select jsonb_array_elements_text(plugin -> 'aliases'), plugin ->> 'type'
    from jsonb_array_elements(v_manifest -> 'plugins') as plugin;
    return query select count(*) from public.service_functions where family = v_family;
end
$$;

-- Gives the families that are deployed.
create function public.service_families() returns setof public.service_registry
language sql stable set search_path = ''
as $$ select * from public.service_registry order by family collate "C" $$;

-- Opens a run and gives it, or the one that was opened with the same key before.
create function public.service_run_open(
    p_id text, p_family text, p_key text, p_envelope_sha256 text, p_task_type text, p_namespace text,
    p_flow_id text, p_execution_id text, p_task_run_id text, p_attempt bigint, p_status text,
    p_config_json text, p_result_json text, p_duration_seconds double precision, p_now timestamptz
)
returns setof public.service_runs
language plpgsql volatile set search_path = ''
as $$
begin
    insert into public.service_runs (
        id, family, idempotency_key, envelope_sha256, task_type, namespace, flow_id, execution_id, task_run_id,
        attempt, status, config_snapshot, result_json, duration_seconds, created_at, started_at, heartbeat_at,
        ended_at
    )
    values (
        p_id, p_family, p_key, p_envelope_sha256, p_task_type, p_namespace, p_flow_id, p_execution_id,
        p_task_run_id, p_attempt, p_status, coalesce(pipeline.queryable(p_config_json), '{}'), p_result_json,
        p_duration_seconds, p_now, case when p_status = 'QUEUED' then null else p_now end,
        case when p_status = 'QUEUED' then null else p_now end,
        case when p_result_json is null then null else p_now end
    )
    on conflict (family, idempotency_key) do nothing;
    return query
    select * from public.service_runs
    where id = p_id or (family = p_family and idempotency_key = p_key);
end
$$;

-- Gives a run.
create function public.service_run_get(p_id text) returns setof public.service_runs
language sql stable set search_path = ''
as $$ select * from public.service_runs where id = p_id $$;

-- Says that a run is worked on now, unless it has ended, and gives it.
create function public.service_run_beat(p_id text, p_now timestamptz) returns setof public.service_runs
language plpgsql volatile set search_path = ''
as $$
begin
    update public.service_runs
    set status = 'RUNNING', started_at = coalesce(started_at, p_now), heartbeat_at = p_now
    where id = p_id and ended_at is null;
    return query select * from public.service_runs where id = p_id;
end
$$;

-- Ends a run, unless it has ended, and gives it.
create function public.service_run_finish(
    p_id text, p_status text, p_result_json text, p_duration_seconds double precision, p_now timestamptz
)
returns setof public.service_runs
language plpgsql volatile set search_path = ''
as $$
begin
    update public.service_runs
    set status = p_status, result_json = p_result_json, duration_seconds = p_duration_seconds, ended_at = p_now
    where id = p_id and ended_at is null;
    return query select * from public.service_runs where id = p_id;
end
$$;
