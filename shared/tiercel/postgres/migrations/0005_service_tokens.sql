-- 2026-11-25: what a family may reach under its own token, beside the tokens of task runs.
--
-- Its role is `tiercel_service`, and its claim `family` says whose it is: it keeps the runs of that family, and
-- reads which families there are. Only the service's own role publishes a family.

do $$
begin
    if not exists (select from pg_roles where rolname = 'tiercel_service') then
        create role tiercel_service nologin noinherit;
    end if;
    if exists (select from pg_roles where rolname = 'authenticator') then
        grant tiercel_service to authenticator;
    end if;
end
$$;

alter table public.service_registry enable row level security;
alter table public.service_functions enable row level security;
alter table public.service_type_catalog enable row level security;
alter table public.service_runs enable row level security;

create policy "a family keeps its own runs" on public.service_runs
    for all to tiercel_service using (family = (select pipeline.claim('family')));
create policy "a family knows the others" on public.service_registry
    for select to tiercel_service using (true);
create policy "a family knows all plugins" on public.service_functions
    for select to tiercel_service using (true);
create policy "a family knows all names" on public.service_type_catalog
    for select to tiercel_service using (true);

-- Supabase gives all rights on what is new in `public` to every client.
do $$
declare
    v_role text;
    v_tables constant text := 'public.service_registry, public.service_functions, public.service_type_catalog, '
        'public.service_functions_view, public.service_runs';
    v_of_runs constant text := 'public.service_run_open, public.service_run_get, public.service_run_beat, '
        'public.service_run_finish, public.service_families';
begin
    execute format('revoke all on %s from public', v_tables);
    execute format('revoke all on function %s, public.service_publish from public', v_of_runs);
    for v_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
        execute format('revoke all on %s from %I', v_tables, v_role);
        execute format('revoke all on function %s, public.service_publish from %I', v_of_runs, v_role);
    end loop;
    grant usage on schema public, pipeline to tiercel_service;
    grant select on public.service_registry, public.service_functions, public.service_type_catalog,
        public.service_functions_view to tiercel_service;
    grant select, insert, update on public.service_runs to tiercel_service;
    execute format('grant execute on function %s to tiercel_service', v_of_runs);
    for v_role in select rolname from pg_roles where rolname = 'service_role' loop
        execute format('grant select, insert, update, delete on %s to %I', v_tables, v_role);
        execute format('grant execute on function %s, public.service_publish to %I', v_of_runs, v_role);
    end loop;
end
$$;

-- PostgREST reads anew what there is to call.
notify pgrst, 'reload schema';
