-- What tasks say.
create table logs (
    position integer primary key autoincrement,
    execution_id text not null,
    task_run_id text,
    task_id text,
    attempt integer not null,
    timestamp text not null,
    level text not null,
    message text not null
) strict;

create index logs_of_execution on logs (execution_id, position);
