-- What belongs to this database and not to one orchestrator: wake_url, wake_key.
create table tiercel.settings (
    name text not null primary key,
    value text not null
);

-- The key that a wake is signed with; whoever reads this table may wake an orchestrator, and do no more by it.
insert into tiercel.settings (name, value)
values ('wake_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
