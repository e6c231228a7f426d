-- name: schema
create table if not exists pipeline_execution_state (
    namespace text not null,
    flow_id text not null,
    name text not null,
    sub_key text not null,
    data_json text not null,
    created_at text not null,
    updated_at text not null,
    constraint "a state is unique in its flow" primary key (namespace, flow_id, name, sub_key)
) without rowid;

-- name: get
select data_json from pipeline_execution_state
where namespace = :namespace and flow_id = :flow_id and name = :name and sub_key = :sub_key;

-- name: set
insert into pipeline_execution_state (namespace, flow_id, name, sub_key, data_json, created_at, updated_at)
values (:namespace, :flow_id, :name, :sub_key, :data_json, :now, :now)
on conflict (namespace, flow_id, name, sub_key) do update set
    data_json = excluded.data_json, updated_at = excluded.updated_at;

-- name: delete
delete from pipeline_execution_state
where namespace = :namespace and flow_id = :flow_id and name = :name and sub_key = :sub_key;
