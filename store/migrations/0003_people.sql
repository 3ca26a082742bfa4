-- What people change, and who they are: the audit log, IP restrictions, tokens, sessions.

-- When an entry last came on its list: the generation of that change, 0 before this layout.
alter table rules add column since bigint not null default 0;

-- The profile whose request a ticket is, empty if it was recovered although its cause says
-- that the sender may be a robot or a forger.
alter table tickets add column requester text not null default '';
update tickets set requester = author_email where (select cause from messages m
	where m.id = tickets.message) not in ('auto_delivery_failure', 'auto_vacation', 'system_user',
	'from_support_address', 'failed_email_authentication', 'from_noreply', 'unprocessable_email',
	'ambiguous_sender');
create index tickets_requester on tickets (requester);

-- What is searched, in lower case: one text to look through for each message.
alter table suspended add column search text not null default '';
update suspended set search = lower(subject) || char(10) || lower(author_name) || char(10) ||
	lower(author_email) || char(10) || lower(recipient);

-- What the queue is sorted by beside its age. A key is short: it goes into cursors. The cause
-- stands in the index so that one cause can be read in any order.
create index suspended_cause on suspended (cause, id);
create index suspended_author on suspended (lower(substr(author_email, 1, 64)), id, cause);
create index suspended_subject on suspended (lower(substr(subject, 1, 64)), id, cause);

insert into meta (name, value) values
	('queue', 0),        -- moves with every change of the suspended queue
	('removed_user', 0), -- the highest id of a profile that was removed: never used again
	('tokens', 0);       -- the last id of a token, never used again

-- Who may come, by network address: one row.
create table access (
	generation       bigint  not null, -- moves with every change
	enabled          boolean not null,
	ranges           text    not null,
	customers_bypass boolean not null
);
insert into access (generation, enabled, ranges, customers_bypass) values (0, false, '', false);

create table tokens (
	id           integer primary key,
	owner        bigint not null references users (id) on delete cascade,
	name         text   not null,
	hash         bytea  not null unique, -- SHA-256 of 256 random bits
	created_at   bigint not null,
	expires_at   bigint,                 -- null: never
	revoked_at   bigint,
	last_used_at bigint,                 -- to the minute
	last_client  text   not null
);
create index tokens_owner on tokens (owner);

create table sessions (
	hash       bytea  not null primary key, -- SHA-256 of 256 random bits
	owner      bigint not null references users (id) on delete cascade,
	client     text   not null,             -- where it began
	agent      text   not null,
	created_at bigint not null,
	seen_at    bigint not null              -- to the minute
);
create index sessions_owner on sessions (owner, seen_at);

-- Who changed what, when, from where and by which door. Nothing is taken out of it, and
-- nothing in it changes, but that an entry is undone once.
create table audit (
	id         integer primary key,
	at         bigint  not null,
	actor      text    not null,
	door       text    not null, -- cli, console, api
	client     text    not null,
	action     text    not null,
	subject    text    not null, -- what was changed: a list, an address, an id
	before     text    not null, -- JSON
	after      text    not null, -- JSON
	generation bigint  not null, -- of the rules that it made, or 0
	undoable   boolean not null, -- a change of a list or of access
	undoes     bigint,           -- the entry that this one undid
	undone_by  bigint            -- the entry that undid this one
);
create index audit_subject on audit (subject, id);

-- The entries that a change took from a list or put on it.
create table audit_rules (
	audit      bigint  not null references audit (id) deferrable initially deferred,
	list       text    not null,
	keyword    text    not null,
	target     text    not null,
	text       text    not null,
	note       text    not null,
	position   bigint  not null,
	created_at bigint  not null,
	added      boolean not null, -- or taken away
	primary key (audit, list, target, keyword)
);

create trigger audit_once before insert on audit
when exists (select 1 from audit where id = new.id)
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_fixed before update on audit
when old.undone_by is not null or new.undone_by is null
	or (new.id, new.at, new.actor, new.door, new.client, new.action, new.subject, new.before,
		new.after, new.generation, new.undoable, new.undoes)
	is not (old.id, old.at, old.actor, old.door, old.client, old.action, old.subject, old.before,
		old.after, old.generation, old.undoable, old.undoes)
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_kept before delete on audit
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_rules_once before insert on audit_rules
when exists (select 1 from audit_rules where audit = new.audit and list = new.list
	and target = new.target and keyword = new.keyword)
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_rules_fixed before update on audit_rules
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_rules_kept before delete on audit_rules
begin select raise(abort, 'the audit log is append-only'); end;
