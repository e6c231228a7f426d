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
