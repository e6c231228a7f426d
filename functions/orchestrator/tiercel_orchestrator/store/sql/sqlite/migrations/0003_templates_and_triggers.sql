-- 2026-11-25: templates, and what triggers remember.

-- Tasks kept apart from flows. Nothing is overwritten: an execution uses what was there when it was created.
create table templates (
    position integer primary key autoincrement,
    namespace text not null,
    id text not null,
    source text not null,
    created_at text not null
) strict;

create index templates_by_name on templates (namespace, id, position);

-- What a trigger has to remember from one event to the next, as JSON.
create table triggers (
    namespace text not null,
    flow_id text not null,
    id text not null,
    state text not null,
    primary key (namespace, flow_id, id)
) strict, without rowid;
