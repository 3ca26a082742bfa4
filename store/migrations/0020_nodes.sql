-- Which node has decided a message, where there may be several: of PostgreSQL. Empty here.
alter table messages add column node text not null default '';
