-- Entries of the lists that count until a time, and no longer.
alter table rules add column expires_at bigint; -- null: never
create index rules_expires_at on rules (expires_at) where expires_at is not null;

alter table audit_rules add column expires_at bigint;
