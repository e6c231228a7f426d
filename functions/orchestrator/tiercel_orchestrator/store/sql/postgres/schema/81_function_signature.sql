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
