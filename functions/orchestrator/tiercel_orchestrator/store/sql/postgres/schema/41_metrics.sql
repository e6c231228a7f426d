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
