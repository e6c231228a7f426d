-- name: insert_request
insert into tiercel.start_requests (id, namespace, flow_id, revision, inputs, labels, asked_at)
values (:id, :namespace, :flow_id, :revision, :inputs, :labels, :asked_at);

-- name: waiting_requests
select * from tiercel.start_requests where refusal is null and position > :after order by position limit :limit;

-- name: request
select * from tiercel.start_requests where id = :id;

-- name: refuse_request
update tiercel.start_requests set refusal = :refusal where id = :id;

-- name: setting
select value from tiercel.settings where name = :name;

-- name: arm
-- Note for when a timer is set, unless one is for an earlier moment that is still to come.
insert into tiercel.settings as kept (name, value) values ('armed', :at)
on conflict (name) do update set value = excluded.value
where cast(kept.value as bigint) > cast(excluded.value as bigint) or cast(kept.value as bigint) <= cast(:now as bigint);
