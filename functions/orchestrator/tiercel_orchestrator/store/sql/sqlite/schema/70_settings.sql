-- What belongs to this file and not to one orchestrator: wake_key.
create table settings (
    name text not null primary key,
    value text not null
) strict, without rowid;

-- The key that a wake is signed with.
insert into settings (name, value) values ('wake_key', lower(hex(randomblob(32))));
