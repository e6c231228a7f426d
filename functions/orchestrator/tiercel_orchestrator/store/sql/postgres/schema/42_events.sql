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
