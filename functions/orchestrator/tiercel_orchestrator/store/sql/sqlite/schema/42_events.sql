-- What happened, append-only: this is what a subscriber follows.
create table events (
    position integer primary key autoincrement,
    execution_id text not null,
    task_run_id text,
    task_id text,
    state text not null,
    at text not null
) strict;

create index events_of_execution on events (execution_id, position);
