-- 2026-11-25: events for those who subscribe.

-- On Supabase, whoever subscribes to the table of events is told of each; elsewhere there is no such publication.
do $$
begin
    if exists (select from pg_publication where pubname = 'supabase_realtime') then
        alter publication supabase_realtime add table tiercel.events;
    end if;
end
$$;
