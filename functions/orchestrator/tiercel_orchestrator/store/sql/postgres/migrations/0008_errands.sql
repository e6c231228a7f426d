-- 2026-11-25: task runs elsewhere have an orchestrator look after executions.

-- What task runs elsewhere have an orchestrator do, and what came of it. Rows go a day after they were written.
create table tiercel.errands (
    position bigint generated always as identity primary key,
    id text not null unique,
    task_run_id text not null,
    verb text not null,
    asked text not null,
    asked_at bigint not null,
    taken_until bigint,
    answer text,
    refusal text,
    constraint "a verb is a known kind" check (verb in ('purge', 'resume', 'switch_trigger')),
    constraint "what is refused has no answer" check (answer is null or refusal is null)
);

create index errands_waiting on tiercel.errands (position) where answer is null and refusal is null;
