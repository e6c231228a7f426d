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
