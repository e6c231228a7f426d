-- name: latest_flow
select revision, source from tiercel.flows where namespace = :namespace and id = :id order by revision desc limit 1;

-- name: flow_source
select source from tiercel.flows where namespace = :namespace and id = :id and revision = :revision;

-- name: insert_flow
insert into tiercel.flows (namespace, id, revision, source, created_at)
values (:namespace, :id, :revision, :source, :created_at);

-- name: template_source
-- A template as it was at a moment.
select source from tiercel.templates where namespace = :namespace and id = :id and created_at <= :at
order by position desc limit 1;

-- name: insert_template
insert into tiercel.templates (namespace, id, source, created_at) values (:namespace, :id, :source, :created_at);

-- name: listening_flows
-- The latest revisions of flows whose source names a Flow trigger.
select namespace, id, revision from tiercel.flows
where revision = (
    select max(revision) from tiercel.flows as others
    where others.namespace = flows.namespace and others.id = flows.id
) and (source like '%.core.trigger.Flow%' or source like '%.triggers.types.Flow%');

-- name: trigger_state
select state from tiercel.triggers where namespace = :namespace and flow_id = :flow_id and id = :id;

-- name: keep_trigger_state
insert into tiercel.triggers (namespace, flow_id, id, state) values (:namespace, :flow_id, :id, :state)
on conflict (namespace, flow_id, id) do update set state = excluded.state;

-- name: switch_trigger
insert into tiercel.triggers (namespace, flow_id, id, state, disabled)
values (:namespace, :flow_id, :id, '{}', :disabled)
on conflict (namespace, flow_id, id) do update set disabled = excluded.disabled;

-- name: switched_off
select id from tiercel.triggers where namespace = :namespace and flow_id = :flow_id and disabled;
