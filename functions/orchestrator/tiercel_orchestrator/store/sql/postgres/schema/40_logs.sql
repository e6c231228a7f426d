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
