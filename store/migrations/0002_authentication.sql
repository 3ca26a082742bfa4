-- What is known of who sent a message, and what is needed to ask about it again. A default
-- is what the messages of the first layout have: of them nobody asked.
alter table messages add column received_at bigint not null default 0; -- 0: see suspended, tickets
alter table messages add column null_path boolean not null default false; -- MAIL FROM was <>
alter table messages add column smtputf8 boolean not null default false;
alter table messages add column tls boolean not null default false;
alter table messages add column piped boolean not null default false; -- there was no client
alter table messages add column claimed boolean not null default false; -- From is only a claim
alter table messages add column proof text not null default ''; -- JSON, empty if nobody asked
alter table messages add column results text not null default ''; -- our Authentication-Results

-- In the first layout an empty reverse-path was <>, if there was a client to give it.
update messages set null_path = true where mail_from = '' and client <> '';

-- How many messages of one sender were stored within an hour.
create table bands (
	address    text   not null,
	client     text   not null, -- empty if the sender is proven, - if the client is unknown
	started_at bigint not null, -- when the first of them came
	stored     bigint not null,
	primary key (address, client)
);
create index bands_started_at on bands (started_at);
