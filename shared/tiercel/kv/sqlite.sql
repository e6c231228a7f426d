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
    constraint "a key is unique in its namespace" primary key (namespace, key)
);

-- name: get
select * from pipeline_kv_store
where namespace = :namespace and key = :key and (expires_at is null or expires_at > :now);

-- name: put writes unless a living key is in the way and may not be replaced
insert into pipeline_kv_store (namespace, key, value_json, kind, description, expires_at, created_at, updated_at)
values (:namespace, :key, :value_json, :kind, :description, :expires_at, :now, :now)
on conflict (namespace, key) do update set
    value_json = excluded.value_json,
    kind = excluded.kind,
    description = excluded.description,
    created_at = iif(expires_at <= :now, excluded.created_at, created_at),
    updated_at = excluded.updated_at,
    expires_at = excluded.expires_at
where :overwrite or expires_at <= :now
returning *;

-- name: delete leaves an expired key to purge: it is absent already
delete from pipeline_kv_store
where namespace = :namespace and key = :key and (expires_at is null or expires_at > :now);

-- name: entries
select * from pipeline_kv_store
where namespace = :namespace and substr(key, 1, length(:prefix)) = :prefix
    and (expires_at is null or expires_at > :now)
order by key;

-- name: purge
delete from pipeline_kv_store
where expires_at <= :now and (:namespace is null or namespace = :namespace);
