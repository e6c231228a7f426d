-- Tasks kept apart from flows. Nothing is overwritten: an execution uses what was there when it was created.
create table templates (
    position integer primary key autoincrement,
    namespace text not null,
    id text not null,
    source text not null,
    created_at text not null
) strict;

create index templates_by_name on templates (namespace, id, position);
