-- 2026-11-25: executions that are asked for by SQL.

-- What belongs to this file and not to one orchestrator: wake_key.
create table settings (
    name text not null primary key,
    value text not null
) strict, without rowid;

-- The key that a wake is signed with.
insert into settings (name, value) values ('wake_key', lower(hex(randomblob(32))));

-- Executions that somebody asked for by SQL. One that begins leaves; one that is refused stays, with the reason.
create table start_requests (
    position integer primary key autoincrement,
    id text not null unique,
    namespace text not null,
    flow_id text not null,
    revision integer,
    inputs text not null,
    labels text not null,
    asked_at integer not null,
    refusal text
) strict;

create index start_requests_waiting on start_requests (position) where refusal is null;

-- A request leaves in the commit in which its execution comes: it is taken up once, whoever dies in between.
create trigger a_request_leaves_as_its_execution_comes
after insert on executions when new.parent_run_id is null
begin
    delete from start_requests where id = new.id;
end;
