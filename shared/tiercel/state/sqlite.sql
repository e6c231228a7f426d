-- name: schema has a table with rowids: without them SQLite 3.40 answers RETURNING wrongly
create table if not exists pipeline_execution_state (
    namespace text not null,
    flow_id text not null,
    name text not null,
    sub_key text not null,
    data_json text not null,
    created_at text not null,
    updated_at text not null,
    revision integer not null default 1,
    constraint "a state is unique in its flow" primary key (namespace, flow_id, name, sub_key)
);

-- name: revision is a column that files of earlier versions lack
alter table pipeline_execution_state add column revision integer not null default 1;

-- name: get
select data_json, revision from pipeline_execution_state
where namespace = :namespace and flow_id = :flow_id and name = :name and sub_key = :sub_key;

-- name: create writes unless there is a state
insert into pipeline_execution_state (namespace, flow_id, name, sub_key, data_json, created_at, updated_at)
values (:namespace, :flow_id, :name, :sub_key, :data_json, :now, :now)
on conflict do nothing;

-- name: replace writes on top of one revision
update pipeline_execution_state
set data_json = :data_json, updated_at = :now, revision = revision + 1
where namespace = :namespace and flow_id = :flow_id and name = :name and sub_key = :sub_key
    and revision = :revision;

-- name: delete
delete from pipeline_execution_state
where namespace = :namespace and flow_id = :flow_id and name = :name and sub_key = :sub_key;
