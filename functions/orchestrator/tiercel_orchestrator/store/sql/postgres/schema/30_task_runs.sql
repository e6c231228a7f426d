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
