-- 2026-11-25: templates, and what triggers remember.

-- Tasks kept apart from flows. Nothing is overwritten: an execution uses what was there when it was created.
create table tiercel.templates (
    position bigint generated always as identity primary key,
    namespace text not null,
    id text not null,
    source text not null,
    created_at text not null
);

create index templates_by_name on tiercel.templates (namespace, id, position);

-- What a trigger has to remember from one event to the next, as JSON.
create table tiercel.triggers (
    namespace text not null,
    flow_id text not null,
    id text not null,
    state text not null,
    primary key (namespace, flow_id, id)
);
