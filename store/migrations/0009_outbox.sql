-- What is to be carried on to where messages are worked on, and where that is: see outbox.go.

-- Targets as the settings of the last server had them. Their secrets are never here.
create table targets (
	name       text    not null primary key,
	kind       text    not null,
	place      text    not null, -- where it leads, as people are shown it
	events     text    not null, -- between blanks
	recipients text    not null, -- between blanks: addresses and whole domains; empty: all mail
	apart      boolean not null, -- each recipient has a hand-off of its own
	configured boolean not null, -- or only still there for what waits for it
	paused_at  bigint  not null, -- 0: it is not
	paused_why text    not null
);

create table handoffs (
	id         integer primary key,
	target     text    not null,
	event      text    not null, -- ticket.created, message.suspended, message.recovered
	ticket     bigint  not null, -- or the held message
	message    bigint  not null, -- whose octets they are
	thread     bigint  not null, -- the first message of its ticket: one after the other
	recipient  text    not null, -- the only one, empty where the target takes them together
	key        text    not null, -- the same at every try, of nothing else
	created_at bigint  not null,
	state      text    not null default 'waiting', -- done, failed, unknown, discarded
	due_at     bigint  not null, -- of the next try
	lease      bigint  not null default 0, -- the run of a server that has it in hand
	attempts   bigint  not null default 0,
	first_at   bigint  not null default 0, -- of the first try of those that count
	tried_at   bigint  not null default 0,
	ended_at   bigint  not null default 0,
	said       text    not null default '' -- the other side's last words
);
create index handoffs_due on handoffs (target, due_at) where state = 'waiting';
create index handoffs_ended on handoffs (target) where state in ('failed', 'unknown');
create index handoffs_thread on handoffs (thread, target);

insert into meta (name, value) values
	('targets', 0),     -- moves with every change of the targets
	('courier_run', 0); -- of the server that carries
