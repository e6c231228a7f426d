-- What a trigger has to remember from one event to the next, as JSON.
create table triggers (
    namespace text not null,
    flow_id text not null,
    id text not null,
    state text not null,
    primary key (namespace, flow_id, id)
) strict, without rowid;
