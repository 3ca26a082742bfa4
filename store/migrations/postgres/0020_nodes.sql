-- Many servers on one database. All times of these tables are by the clock of the database, in Unix
-- milliseconds.

alter table messages add column node text not null default '';

-- The servers that have the database open.
create table nodes (
	id         text   primary key, -- of the process
	name       text   not null,
	version    text   not null,
	layout     bigint not null,    -- the newest that it knows
	started_at bigint not null,
	seen_at    bigint not null
);

-- What one of them alone does, until a time; another may take it over then, with the next token.
create table leases (
	name   text   primary key,
	holder text   not null, -- the id of a node
	token  bigint not null,
	until  bigint not null
);
