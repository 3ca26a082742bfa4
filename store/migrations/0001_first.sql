-- Times are Unix milliseconds. Text is valid UTF-8 without NUL; true bytes are bytea. Only
-- an "integer primary key" is the rowid itself in SQLite; any other has an index of its own.

create table meta (
	name  text primary key,
	value bigint not null
);
insert into meta (name, value) values
	('sequence', 0),    -- of ids of held messages and tickets, never used again
	('generation', 0),  -- of the rules: moves with every change of a list
	('rules_floor', 0), -- removed rules up to this generation are forgotten
	('started_at', 0),  -- when the last server started
	('pings', 0);       -- written to see whether anything can be

create table rules (
	list       text    not null, -- allow, block
	keyword    text    not null, -- empty, suspend: or reject:
	target     text    not null, -- an address, a domain or *
	text       text    not null, -- as it was written
	note       text    not null,
	position   bigint  not null, -- in the list, as it was entered
	generation bigint  not null, -- of the change that added or removed it
	removed    boolean not null,
	created_at bigint  not null,
	primary key (list, target, keyword)
);
create index rules_generation on rules (generation);

create table users (
	id         integer  primary key,
	email      text    not null unique,
	name       text    not null,
	role       text    not null,
	suspended  boolean not null,
	verified   boolean not null,
	made_by    text    not null, -- mail, recover, import, cli
	password   text    not null, -- argon2id, or empty
	created_at bigint  not null,
	updated_at bigint  not null
);

-- One row for each message that was kept, with its decision as it was made.
create table messages (
	id             integer  primary key,
	decision_id    text    not null unique,
	action         text    not null,
	cause          text    not null,
	rule           text    not null, -- the entry that decided, or empty
	why            text    not null,
	reasons        text    not null, -- JSON: the facts and the trail, in words
	authentication text    not null,
	client         text    not null,
	helo           text    not null,
	mail_from      text    not null,
	recipients     text    not null, -- JSON
	trace          text    not null, -- our own trace field
	sender         text    not null,
	reply_to       text    not null, -- JSON
	message_id     text    not null,
	size           bigint  not null,
	sum            bytea   not null, -- SHA-256 of the bytes as received
	raw            bytea             -- null when the content is in a file
);

-- The suspended queue: what is listed, searched and sorted.
create table suspended (
	id           integer primary key, -- of its message
	cause        text   not null,
	author_name  text   not null,
	author_email text   not null,
	subject      text   not null,
	recipient    text   not null,
	created_at   bigint not null,
	expires_at   bigint not null
);
create index suspended_expires_at on suspended (expires_at);

create table tickets (
	id           integer  primary key,
	message      bigint  not null references messages (id),
	suspended_id bigint,            -- of the held message it was recovered from
	author_name  text    not null,
	author_email text    not null,
	claimed      boolean not null,  -- the address is only what the message says
	proven       boolean not null,
	subject      text    not null,
	recipient    text    not null,
	status       text    not null,
	via          text    not null,  -- email, recovered
	created_at   bigint  not null
);
create unique index tickets_suspended_id on tickets (suspended_id) where suspended_id is not null;

-- How many decisions of each kind in each minute. Nothing here names a message.
create table counters (
	minute bigint not null, -- Unix minutes
	kind   text   not null,
	n      bigint not null,
	primary key (minute, kind)
);
