-- name: latest_flow
select revision, source from tiercel.flows where namespace = :namespace and id = :id order by revision desc limit 1;

-- name: flow_source
select source from tiercel.flows where namespace = :namespace and id = :id and revision = :revision;

-- name: insert_flow
insert into tiercel.flows (namespace, id, revision, source, created_at)
values (:namespace, :id, :revision, :source, :created_at);
