-- What a trigger has to remember from one event to the next, as JSON; and whether somebody has switched it off.
create table triggers (
    namespace text not null,
    flow_id text not null,
    id text not null,
    state text not null,
    disabled integer not null default 0 check (disabled in (0, 1)),
    primary key (namespace, flow_id, id)
) strict, without rowid;
