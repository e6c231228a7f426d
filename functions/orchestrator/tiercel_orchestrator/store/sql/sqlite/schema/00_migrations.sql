-- Which migrations this file has.
create table migrations (
    version integer not null primary key,
    name text not null,
    constraint "a version counts from one" check (version >= 1)
) strict;
