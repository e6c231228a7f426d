-- Sources of flows: a revision each.
create table flows (
    namespace text not null,
    id text not null,
    revision integer not null,
    source text not null,
    created_at text not null,
    primary key (namespace, id, revision)
) strict, without rowid;
