-- What a trigger has to remember from one event to the next, as JSON; and whether somebody has switched it off.
create table tiercel.triggers (
    namespace text not null,
    flow_id text not null,
    id text not null,
    state text not null,
    disabled boolean not null default false,
    primary key (namespace, flow_id, id)
);
