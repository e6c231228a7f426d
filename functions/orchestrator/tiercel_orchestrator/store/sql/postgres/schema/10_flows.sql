-- Sources of flows: a revision each.
create table tiercel.flows (
    namespace text not null,
    id text not null,
    revision bigint not null,
    source text not null,
    created_at text not null,
    primary key (namespace, id, revision)
);
