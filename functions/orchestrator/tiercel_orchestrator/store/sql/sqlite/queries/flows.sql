-- name: latest_flow
select revision, source from flows where namespace = :namespace and id = :id order by revision desc limit 1;

-- name: flow_source
select source from flows where namespace = :namespace and id = :id and revision = :revision;

-- name: insert_flow
insert into flows (namespace, id, revision, source, created_at)
values (:namespace, :id, :revision, :source, :created_at);

-- name: template_source
-- A template as it was at a moment.
select source from templates where namespace = :namespace and id = :id and created_at <= :at
order by position desc limit 1;

-- name: insert_template
insert into templates (namespace, id, source, created_at) values (:namespace, :id, :source, :created_at);

-- name: listening_flows
-- The latest revisions of flows whose source names a Flow trigger.
select namespace, id, revision from flows
where revision = (
    select max(revision) from flows as others
    where others.namespace = flows.namespace and others.id = flows.id
) and (source like '%.core.trigger.Flow%' or source like '%.triggers.types.Flow%');

-- name: trigger_state
select state from triggers where namespace = :namespace and flow_id = :flow_id and id = :id;

-- name: keep_trigger_state
insert into triggers (namespace, flow_id, id, state) values (:namespace, :flow_id, :id, :state)
on conflict (namespace, flow_id, id) do update set state = excluded.state;

-- name: switch_trigger
insert into triggers (namespace, flow_id, id, state, disabled)
values (:namespace, :flow_id, :id, '{}', :disabled)
on conflict (namespace, flow_id, id) do update set disabled = excluded.disabled;

-- name: switched_off
select id from triggers where namespace = :namespace and flow_id = :flow_id and disabled;
