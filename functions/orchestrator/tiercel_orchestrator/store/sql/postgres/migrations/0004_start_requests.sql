-- 2026-11-25: executions that are asked for by SQL.

-- What belongs to this database and not to one orchestrator: wake_url, wake_key.
create table tiercel.settings (
    name text not null primary key,
    value text not null
);

-- The key that a wake is signed with; whoever reads this table may wake an orchestrator, and do no more by it.
insert into tiercel.settings (name, value)
values ('wake_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

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

-- An id of 22 base62 characters, as executions have; 122 bits of it are random.
create function tiercel.fresh_id() returns text
language plpgsql volatile set search_path = '' as $$
declare
    v_alphabet constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    v_number numeric := 0;
    v_id text := '';
    v_byte integer;
begin
    for v_byte in select get_byte(uuid_send(gen_random_uuid()), at) from generate_series(0, 15) as at loop
        v_number := v_number * 256 + v_byte;
    end loop;
    for _ in 1..22 loop
        v_id := substr(v_alphabet, mod(v_number, 62)::integer + 1, 1) || v_id;
        v_number := div(v_number, 62);
    end loop;
    return v_id;
end
$$;

-- Sign a body as callbacks are: t=<seconds>,v1=<HMAC-SHA256 of "seconds.body">. Without pgcrypto, whose schema is
-- another one on each host; the key must not be longer than a block, 64 bytes.
create function tiercel.signature(p_key text, p_body text) returns text
language plpgsql volatile set search_path = '' as $$
declare
    v_seconds constant text := floor(extract(epoch from clock_timestamp()))::bigint::text;
    v_key constant bytea := convert_to(p_key, 'UTF8');
    v_inner bytea := decode(repeat('00', 64), 'hex');
    v_outer bytea := v_inner;
    v_byte integer;
begin
    for v_at in 0..63 loop
        v_byte := case when v_at < length(v_key) then get_byte(v_key, v_at) else 0 end;
        v_inner := set_byte(v_inner, v_at, v_byte # 54);
        v_outer := set_byte(v_outer, v_at, v_byte # 92);
    end loop;
    v_inner := sha256(v_inner || convert_to(v_seconds || '.' || p_body, 'UTF8'));
    return 't=' || v_seconds || ',v1=' || encode(sha256(v_outer || v_inner), 'hex');
end
$$;

-- Wake the orchestrator at the setting wake_url, once a transaction and when it commits, where pg_net is installed.
-- Without either, the sweep of an orchestrator that runs comes round by itself.
create function tiercel.wake() returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_url constant text := (select value from tiercel.settings where name = 'wake_url');
    v_key constant text := (select value from tiercel.settings where name = 'wake_key');
    v_transaction constant text := pg_current_xact_id()::text;
begin
    if v_url is null or to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null
        or current_setting('tiercel.woken_in', true) = v_transaction then
        return;
    end if;
    perform set_config('tiercel.woken_in', v_transaction, true);
    perform net.http_post(
        url := v_url,
        body := '{}'::jsonb,
        headers := jsonb_build_object(
            'Content-Type', 'application/json', 'Tiercel-Signature', tiercel.signature(v_key, '{}')
        )
    );
exception when others then
    raise warning 'no orchestrator was woken: %', sqlerrm;
end
$$;

-- Ask for an execution and give its id; an orchestrator takes it up when it is woken, or with its next sweep.
-- What is wrong with the flow or its inputs stands in start_requests.refusal then. Whoever may execute this
-- function may start any flow, and needs no other right.
create function tiercel.start_execution(
    p_namespace text,
    p_flow_id text,
    p_inputs jsonb default '{}',
    p_labels jsonb default '{}',
    p_revision bigint default null
) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_id constant text := tiercel.fresh_id();
begin
    if p_namespace is null or p_flow_id is null then
        raise exception 'start_execution needs a namespace and the id of a flow' using errcode = '22004';
    end if;
    if jsonb_typeof(coalesce(p_inputs, '{}')) <> 'object' then
        raise exception 'the inputs of a flow are a JSON object, for example {"name": "kestrel"}'
            using errcode = '22023';
    end if;
    if jsonb_typeof(coalesce(p_labels, '{}')) <> 'object' or jsonb_path_exists(p_labels, '$.* ? (@.type() <> "string")') then
        raise exception 'labels are a JSON object of texts, for example {"team": "birds"}' using errcode = '22023';
    end if;
    insert into tiercel.start_requests (id, namespace, flow_id, revision, inputs, labels, asked_at)
    values (
        v_id, p_namespace, p_flow_id, p_revision, coalesce(p_inputs, '{}')::text, coalesce(p_labels, '{}')::text,
        (extract(epoch from clock_timestamp()) * 1000000)::bigint
    );
    perform tiercel.wake();
    return v_id;
end
$$;

revoke execute on function tiercel.start_execution(text, text, jsonb, jsonb, bigint) from public;
