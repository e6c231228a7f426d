-- 2026-11-25: values that outlive executions: the key-value store and the states of flows.
--
-- The JSON text is the truth, read back exactly as it was written; its jsonb, which orders keys and rewrites
-- numbers, is for queries and views. jsonb has no room for the letter NUL: such a value has none.

create schema if not exists pipeline;

-- Which migrations this database has.
create table pipeline.migrations (
    version bigint not null primary key,
    name text not null,
    constraint "a version counts from one" check (version >= 1)
);

create or replace function pipeline.queryable(p_json text) returns jsonb
language sql immutable strict parallel safe set search_path = ''
as $$ select case when strpos(p_json, '\u0000') = 0 then p_json::jsonb end $$;

create table public.pipeline_kv_store (
    namespace text not null,
    key text not null,
    value_json text not null,
    value_jsonb jsonb generated always as (pipeline.queryable(value_json)) stored,
    kind text not null,
    description text,
    ttl interval,
    expires_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1,
    constraint "a key is unique in its namespace" primary key (namespace, key),
    constraint "a kind is one of Kestra's" check (
        kind in ('STRING', 'NUMBER', 'BOOLEAN', 'DATETIME', 'DATE', 'DURATION', 'JSON'))
);

create table public.pipeline_execution_state (
    namespace text not null,
    flow_id text not null,
    name text not null,
    sub_key text not null,
    data_json text not null,
    data_jsonb jsonb generated always as (pipeline.queryable(data_json)) stored,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1,
    constraint "a state is unique in its flow" primary key (namespace, flow_id, name, sub_key)
);

-- Gives the entry of the deepest of some namespaces, one below the other, that has the key.
create function public.pipeline_kv_get(p_namespaces text[], p_key text, p_now timestamptz)
returns setof public.pipeline_kv_store
language sql stable set search_path = ''
as $$
    select * from public.pipeline_kv_store
    where namespace = any (p_namespaces) and key = p_key and (expires_at is null or expires_at > p_now)
    order by length(namespace) desc
    limit 1
$$;

-- Writes a key and gives its entry; nothing, where a living key is in the way and may not be replaced, or where
-- the key is not at the revision (0: not there) that its writer builds on.
create function public.pipeline_kv_put(
    p_namespace text, p_key text, p_value_json text, p_kind text, p_description text,
    p_ttl interval, p_overwrite boolean, p_revision bigint, p_now timestamptz
)
returns setof public.pipeline_kv_store
language plpgsql volatile set search_path = ''
as $$
begin
    if p_revision > 0 then
        return query
        update public.pipeline_kv_store as kept set
            value_json = p_value_json, kind = p_kind, description = p_description, ttl = p_ttl,
            expires_at = p_now + p_ttl, updated_at = p_now, revision = kept.revision + 1
        where kept.namespace = p_namespace and kept.key = p_key and kept.revision = p_revision
            and (kept.expires_at is null or kept.expires_at > p_now)
        returning kept.*;
    else
        return query
        insert into public.pipeline_kv_store as kept
            (namespace, key, value_json, kind, description, ttl, expires_at, created_at, updated_at)
        values
            (p_namespace, p_key, p_value_json, p_kind, p_description, p_ttl, p_now + p_ttl, p_now, p_now)
        on conflict (namespace, key) do update set
            value_json = excluded.value_json, kind = excluded.kind, description = excluded.description,
            ttl = excluded.ttl, expires_at = excluded.expires_at, updated_at = excluded.updated_at,
            created_at = case when kept.expires_at <= p_now then excluded.created_at else kept.created_at end,
            revision = case when kept.expires_at <= p_now then 1 else kept.revision + 1 end
        where kept.expires_at <= p_now or (p_overwrite and p_revision is null)
        returning kept.*;
    end if;
end
$$;

-- Removes a key, unless it has expired: then it is absent already. A key that its reader may not remove is an
-- error, not a key that is missing.
create function public.pipeline_kv_delete(p_namespace text, p_key text, p_now timestamptz)
returns table (removed bigint)
language plpgsql volatile set search_path = ''
as $$
begin
    delete from public.pipeline_kv_store
    where namespace = p_namespace and key = p_key and (expires_at is null or expires_at > p_now);
    get diagnostics removed = row_count;
    if removed = 0 and row_security_active('public.pipeline_kv_store')
        and exists (select from public.pipeline_kv_get(array[p_namespace], p_key, p_now)) then
        raise insufficient_privilege using message = 'the key may be read, not removed';
    end if;
    return next;
end
$$;

-- Gives the entries of a namespace whose keys begin so, in order of key.
create function public.pipeline_kv_entries(p_namespace text, p_prefix text, p_now timestamptz)
returns setof public.pipeline_kv_store
language sql stable set search_path = ''
as $$
    select * from public.pipeline_kv_store
    where namespace = p_namespace and starts_with(key, p_prefix) and (expires_at is null or expires_at > p_now)
    order by key collate "C"
$$;

-- Gives the namespaces that hold keys, expired ones too.
create function public.pipeline_kv_namespaces()
returns table (namespace text)
language sql stable set search_path = ''
as $$
    select kept.namespace from public.pipeline_kv_store as kept
    group by kept.namespace
    order by kept.namespace collate "C"
$$;

-- Removes entries for good, of some namespaces or of all (null), whose keys are like a pattern.
create function public.pipeline_kv_purge(
    p_namespaces text[], p_like text, p_expired_only boolean, p_now timestamptz
)
returns table (removed bigint)
language plpgsql volatile set search_path = ''
as $$
begin
    delete from public.pipeline_kv_store
    where (p_namespaces is null or namespace = any (p_namespaces))
        and key like p_like and (not p_expired_only or expires_at <= p_now);
    get diagnostics removed = row_count;
    return next;
end
$$;

-- Gives a state.
create function public.pipeline_state_get(p_namespace text, p_flow_id text, p_name text, p_sub_key text)
returns setof public.pipeline_execution_state
language sql stable set search_path = ''
as $$
    select * from public.pipeline_execution_state
    where namespace = p_namespace and flow_id = p_flow_id and name = p_name and sub_key = p_sub_key
$$;

-- Writes a state on top of a revision, 0 where there is none, and gives it; nothing, where that is no longer so.
create function public.pipeline_state_put(
    p_namespace text, p_flow_id text, p_name text, p_sub_key text,
    p_data_json text, p_revision bigint, p_now timestamptz
)
returns setof public.pipeline_execution_state
language plpgsql volatile set search_path = ''
as $$
begin
    if p_revision > 0 then
        return query
        update public.pipeline_execution_state as kept set
            data_json = p_data_json, updated_at = p_now, revision = kept.revision + 1
        where kept.namespace = p_namespace and kept.flow_id = p_flow_id and kept.name = p_name
            and kept.sub_key = p_sub_key and kept.revision = p_revision
        returning kept.*;
    else
        return query
        insert into public.pipeline_execution_state as kept
            (namespace, flow_id, name, sub_key, data_json, created_at, updated_at)
        values (p_namespace, p_flow_id, p_name, p_sub_key, p_data_json, p_now, p_now)
        on conflict do nothing
        returning kept.*;
    end if;
end
$$;

-- Removes a state.
create function public.pipeline_state_delete(
    p_namespace text, p_flow_id text, p_name text, p_sub_key text
)
returns table (removed bigint)
language plpgsql volatile set search_path = ''
as $$
begin
    delete from public.pipeline_execution_state
    where namespace = p_namespace and flow_id = p_flow_id and name = p_name and sub_key = p_sub_key;
    get diagnostics removed = row_count;
    return next;
end
$$;
