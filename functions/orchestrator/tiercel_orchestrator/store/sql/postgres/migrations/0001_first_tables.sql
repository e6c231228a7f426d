-- 2026-11-25: the first tables.

-- All of tiercel's tables stand in a schema of their own.
create schema if not exists tiercel;

-- Which migrations this database has.
create table tiercel.migrations (
    version bigint not null primary key,
    name text not null,
    constraint "a version counts from one" check (version >= 1)
);

-- Sources of flows: a revision each.
create table tiercel.flows (
    namespace text not null,
    id text not null,
    revision bigint not null,
    source text not null,
    created_at text not null,
    primary key (namespace, id, revision)
);

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

-- Task runs; each row is its own place in the queue.
create table tiercel.task_runs (
    position bigint generated always as identity primary key,
    id text not null unique,
    execution_id text not null references tiercel.executions (id),
    task_id text,
    parent_id text,
    role text not null,
    value text,
    iteration bigint,
    path text not null,
    state text not null,
    history text not null,
    attempts text not null,
    attempt bigint not null,
    lease bigint not null,
    outputs text,
    work text not null,
    request text,
    due_at bigint,
    owner text,
    lease_until bigint,
    frame text,
    constraint "a role is a known kind" check (role in ('', 'root', 'batch', 'monitor', 'shard')),
    constraint "only the root has no parent" check ((role = 'root') = (parent_id is null)),
    constraint "only the root and monitors have no task" check ((role in ('root', 'monitor')) = (task_id is null)),
    constraint "what has ended waits for nothing" check (
        state not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED') or work = ''
    ),
    constraint "a lease has an owner" check ((work = 'leased') = (owner is not null)),
    constraint "work is a known kind" check (
        work in ('', 'ready', 'request', 'timer', 'paused', 'children', 'child', 'leased', 'queued', 'held')
    )
);

create index task_runs_of_execution on tiercel.task_runs (execution_id, task_id, position);
-- the queue: finished rows are not in it
create index task_runs_ready on tiercel.task_runs (due_at, position) where work = 'ready';
create index task_runs_due on tiercel.task_runs (due_at, position)
where work in ('request', 'timer', 'paused');
create index task_runs_leased on tiercel.task_runs (owner) where work = 'leased';

-- What scopes carry out: written once, for it may be long, while a frame changes with every child that ends.
create table tiercel.plans (
    task_run_id text not null,
    attempt bigint not null,
    plan text not null,
    primary key (task_run_id, attempt)
);

-- What tasks say.
create table tiercel.logs (
    position bigint generated always as identity primary key,
    execution_id text not null,
    task_run_id text,
    task_id text,
    attempt bigint not null,
    timestamp text not null,
    level text not null,
    message text not null
);

create index logs_of_execution on tiercel.logs (execution_id, position);

-- What tasks measure.
create table tiercel.metrics (
    position bigint generated always as identity primary key,
    execution_id text not null,
    task_run_id text not null,
    task_id text not null,
    name text not null,
    type text not null,
    value double precision not null,
    tags text not null,
    timestamp text not null
);

create index metrics_of_execution on tiercel.metrics (execution_id, position);

-- What happened, append-only: this is what a subscriber follows.
create table tiercel.events (
    position bigint generated always as identity primary key,
    execution_id text not null,
    task_run_id text,
    task_id text,
    state text not null,
    at text not null
);

create index events_of_execution on tiercel.events (execution_id, position);
