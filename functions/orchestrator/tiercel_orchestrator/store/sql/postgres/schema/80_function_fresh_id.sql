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
