-- Executions that somebody asked for by SQL. One that begins leaves; one that is refused stays, with the reason.
create table tiercel.start_requests (
    position bigint generated always as identity primary key,
    id text not null unique,
    namespace text not null,
    flow_id text not null,
    revision bigint,
    inputs text not null,
    labels text not null,
    asked_at bigint not null,
    refusal text
);

create index start_requests_waiting on tiercel.start_requests (position) where refusal is null;

-- A request leaves in the commit in which its execution comes: it is taken up once, whoever dies in between.
create function tiercel.forget_start_request() returns trigger
language plpgsql set search_path = '' as $$
begin
    delete from tiercel.start_requests where id = new.id;
    return null;
end
$$;

create trigger a_request_leaves_as_its_execution_comes
after insert on tiercel.executions
for each row when (new.parent_run_id is null)
execute function tiercel.forget_start_request();
