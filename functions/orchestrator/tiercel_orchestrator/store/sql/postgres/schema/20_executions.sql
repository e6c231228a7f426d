-- Executions; moments that are compared are microseconds since 1970, JSON values are text as it was written.
create table tiercel.executions (
    id text not null primary key,
    position bigint generated always as identity,
    namespace text not null,
    flow_id text not null,
    revision bigint not null,
    root_id text not null,
    state text not null,
    history text not null,
    inputs text not null,
    labels text not null,
    variables text not null,
    outputs text,
    "trigger" text,
    parent_run_id text,
    parent_id text,
    original_id text,
    original_created_at text,
    attempt_number bigint not null,
    constraint "an attempt number counts from one" check (attempt_number >= 1)
);

create unique index executions_in_order on tiercel.executions (position);
create index executions_by_flow on tiercel.executions (namespace, flow_id, position);
-- the slots of a concurrency limit, and who waits for one
create index executions_alive on tiercel.executions (namespace, flow_id, position)
where state in ('RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', 'RETRYING', 'QUEUED');
create index executions_by_root on tiercel.executions (root_id);
create index executions_by_parent on tiercel.executions (parent_run_id) where parent_run_id is not null;
