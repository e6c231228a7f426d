-- Tasks kept apart from flows. Nothing is overwritten: an execution uses what was there when it was created.
create table tiercel.templates (
    position bigint generated always as identity primary key,
    namespace text not null,
    id text not null,
    source text not null,
    created_at text not null
);

create index templates_by_name on tiercel.templates (namespace, id, position);
