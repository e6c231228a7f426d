-- 2026-11-25: triggers can be switched off.

alter table triggers add column disabled integer not null default 0 check (disabled in (0, 1));
