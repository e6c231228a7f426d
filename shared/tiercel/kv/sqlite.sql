-- name: schema has a table with rowids: without them SQLite 3.40 answers RETURNING wrongly
create table if not exists pipeline_kv_store (
    namespace text not null,
    key text not null,
    value_json text not null,
    kind text not null,
    description text,
    expires_at text,
    created_at text not null,
    updated_at text not null,
    revision integer not null default 1,
    constraint "a key is unique in its namespace" primary key (namespace, key)
);

-- name: revision is a column that files of earlier versions lack
alter table pipeline_kv_store add column revision integer not null default 1;

-- name: get looks into several namespaces, one below the other: the deepest has the longest name
select * from pipeline_kv_store
where namespace in (select value from json_each(:namespaces)) and key = :key
    and (expires_at is null or expires_at > :now)
order by length(namespace) desc
limit 1;

-- name: put writes unless a living key is in the way and may not be replaced; :revision is what it must have
insert into pipeline_kv_store (namespace, key, value_json, kind, description, expires_at, created_at, updated_at)
select :namespace, :key, :value_json, :kind, :description, :expires_at, :now, :now
where :revision is null or :revision = 0 or exists (
    select 1 from pipeline_kv_store
    where namespace = :namespace and key = :key and revision = :revision
        and (expires_at is null or expires_at > :now))
on conflict (namespace, key) do update set
    value_json = excluded.value_json,
    kind = excluded.kind,
    description = excluded.description,
    created_at = iif(expires_at <= :now, excluded.created_at, created_at),
    updated_at = excluded.updated_at,
    revision = iif(expires_at <= :now, 1, revision + 1),
    expires_at = excluded.expires_at
where expires_at <= :now or iif(:revision is null, :overwrite, revision = :revision)
returning *;

-- name: delete leaves an expired key to purge: it is absent already
delete from pipeline_kv_store
where namespace = :namespace and key = :key and (expires_at is null or expires_at > :now);

-- name: entries
select * from pipeline_kv_store
where namespace = :namespace and substr(key, 1, length(:prefix)) = :prefix
    and (expires_at is null or expires_at > :now)
order by key;

-- name: namespaces
select distinct namespace from pipeline_kv_store order by namespace;

-- name: purge
delete from pipeline_kv_store
where (not :expired_only or expires_at <= :now)
    and (:namespaces is null or namespace in (select value from json_each(:namespaces)))
    and key glob :pattern;
