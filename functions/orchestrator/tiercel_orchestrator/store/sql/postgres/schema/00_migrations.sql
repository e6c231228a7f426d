-- All of tiercel's tables stand in a schema of their own.
create schema if not exists tiercel;

-- Which migrations this database has.
create table tiercel.migrations (
    version bigint not null primary key,
    name text not null,
    constraint "a version counts from one" check (version >= 1)
);
