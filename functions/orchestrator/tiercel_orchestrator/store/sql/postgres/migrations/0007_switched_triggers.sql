-- 2026-11-25: triggers can be switched off.

alter table tiercel.triggers add column disabled boolean not null default false;
