-- What tasks measure.
create table metrics (
    position integer primary key autoincrement,
    execution_id text not null,
    task_run_id text not null,
    task_id text not null,
    name text not null,
    type text not null,
    value real not null,
    tags text not null,
    timestamp text not null
) strict;

create index metrics_of_execution on metrics (execution_id, position);
