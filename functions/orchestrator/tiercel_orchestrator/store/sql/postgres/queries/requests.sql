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

-- name: take_errands
-- What is asked for by task runs that are still worked on, and nobody has taken; whoever took it may have died.
update tiercel.errands set taken_until = :until
where position in (
    select errands.position from tiercel.errands
    where answer is null and refusal is null and (taken_until is null or taken_until < :now)
      and exists (select 1 from tiercel.task_runs where task_runs.id = errands.task_run_id and work = 'leased')
    order by errands.position limit :limit for update skip locked
)
returning id, verb, asked;

-- name: answer_errand
update tiercel.errands set answer = :answer, refusal = :refusal where id = :id;
