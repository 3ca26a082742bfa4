-- Many servers on one database. All times of these tables are by the clock of the database, in Unix
-- milliseconds.

alter table messages add column node text not null default '';

-- The oldest layout whose programs can use the tables as they are.
alter table layout add column usable_since bigint not null default 20;

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

-- Keys that all nodes have in common.
create table secrets (
	name  text  primary key,
	value bytea not null
);

-- Attempts to sign in that failed, by the account and the network that they came from; the account is
-- empty where all of a network are counted.
create table attempts (
	account text   not null,
	client  text   not null,
	failed  bigint not null,
	since   bigint not null, -- by the clock of the node that counted the first
	primary key (account, client)
);
create index attempts_since on attempts (since);

-- What others watch is told to them once for each transaction, whoever changes it.
create function tell() returns trigger language plpgsql as $$
begin
	perform pg_notify('gatepost', tg_argv[0]);
	return null;
end $$;
create trigger tell_queue after update on meta for each row
	when (new.name = 'queue' and new.value <> old.value) execute function tell('queue');
create trigger tell_handoffs after insert on handoffs for each statement execute function tell('hand-offs');
create trigger tell_sessions after delete on sessions for each statement execute function tell('people');
create trigger tell_people after update or delete on users for each statement execute function tell('people');
