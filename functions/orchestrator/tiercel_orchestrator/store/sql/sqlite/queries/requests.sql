-- name: insert_request
insert into start_requests (id, namespace, flow_id, revision, inputs, labels, asked_at)
values (:id, :namespace, :flow_id, :revision, :inputs, :labels, :asked_at);

-- name: waiting_requests
select * from start_requests where refusal is null and position > :after order by position limit :limit;

-- name: request
select * from start_requests where id = :id;

-- name: refuse_request
update start_requests set refusal = :refusal where id = :id;

-- name: setting
select value from settings where name = :name;

-- name: arm
-- Note for when a timer is set, unless one is for an earlier moment that is still to come.
insert into settings as kept (name, value) values ('armed', :at)
on conflict (name) do update set value = excluded.value
where cast(kept.value as bigint) > cast(excluded.value as bigint) or cast(kept.value as bigint) <= cast(:now as bigint);
