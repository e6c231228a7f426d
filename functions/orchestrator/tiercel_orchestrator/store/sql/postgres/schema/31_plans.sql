-- What scopes carry out: written once, for it may be long, while a frame changes with every child that ends.
create table tiercel.plans (
    task_run_id text not null,
    attempt bigint not null,
    plan text not null,
    primary key (task_run_id, attempt)
);
