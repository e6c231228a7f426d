-- name: latest_flow
select revision, source from flows where namespace = :namespace and id = :id order by revision desc limit 1;

-- name: flow_source
select source from flows where namespace = :namespace and id = :id and revision = :revision;

-- name: insert_flow
insert into flows (namespace, id, revision, source, created_at)
values (:namespace, :id, :revision, :source, :created_at);
