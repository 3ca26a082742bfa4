-- All tables of layout 19, as SQLite's migrations 0001 to 0019 have made them by then: what each
-- column means stands there. What is only here: rules.rowid, contents, writers and layout.

create table layout (
	version bigint not null -- how many migrations were done
);
insert into layout (version) values (0);

create table meta (
	name  text primary key,
	value bigint not null
);
insert into meta (name, value) select name, 0 from unnest(array['sequence', 'generation',
	'rules_floor', 'started_at', 'pings', 'queue', 'removed_user', 'tokens', 'rejected', 'deleted',
	'expired', 'set_aside', 'lost', 'accepted', 'duplicates', 'targets', 'courier_run', 'digest_at',
	'digest_last', 'quiet_since', 'organizations', 'facts_from', 'handed_off', 'shadows',
	'hits_from']) as names (name);

-- A row for each process that writes: the number of its last transaction, by which it finds out
-- whether one was committed whose answer it did not get.
create table writers (
	id    text   primary key,
	batch bigint not null,
	at    bigint not null
);

create table rules (
	list       text    not null,
	keyword    text    not null,
	target     text    not null,
	text       text    not null,
	note       text    not null,
	position   bigint  not null,
	generation bigint  not null,
	removed    boolean not null,
	created_at bigint  not null,
	since      bigint  not null default 0,
	expires_at bigint,
	rowid      bigint  not null generated always as identity unique, -- as SQLite numbers rows itself
	primary key (list, target, keyword)
);
create index rules_generation on rules (generation);
create index rules_expires_at on rules (expires_at) where expires_at is not null;

create table users (
	id         bigint  primary key,
	email      text    not null unique,
	name       text    not null,
	role       text    not null,
	suspended  boolean not null,
	verified   boolean not null,
	made_by    text    not null,
	password   text    not null,
	created_at bigint  not null,
	updated_at bigint  not null
);

create table messages (
	id             bigint  primary key,
	decision_id    text    not null unique,
	action         text    not null,
	cause          text    not null,
	rule           text    not null,
	why            text    not null,
	reasons        text    not null,
	authentication text    not null,
	client         text    not null,
	helo           text    not null,
	mail_from      text    not null,
	recipients     text    not null,
	trace          text    not null,
	sender         text    not null,
	reply_to       text    not null,
	message_id     text    not null,
	size           bigint  not null,
	sum            bytea   not null,
	raw            bytea, -- null when the content is in contents
	received_at    bigint  not null default 0,
	null_path      boolean not null default false,
	smtputf8       boolean not null default false,
	tls            boolean not null default false,
	piped          boolean not null default false,
	claimed        boolean not null default false,
	proof          text    not null default '',
	results        text    not null default '',
	dated          bigint  not null default 0
);
alter table messages alter column raw set storage external; -- a part of it can be read alone
create index messages_alike on messages (dated, substr(sum, 1, 8));

-- What is too large for a row of messages, a MiB at a time.
create table contents (
	decision_id text   not null references messages (decision_id) on delete cascade,
	n           bigint not null,
	octets      bytea  not null,
	primary key (decision_id, n)
);
alter table contents alter column octets set storage external;

create table suspended (
	id           bigint primary key,
	cause        text   not null,
	author_name  text   not null,
	author_email text   not null,
	subject      text   not null,
	recipient    text   not null,
	created_at   bigint not null,
	expires_at   bigint not null,
	search       text   not null default '',
	keys         text   not null default ''
);
create index suspended_expires_at on suspended (expires_at);
create index suspended_cause on suspended (cause, id);
create index suspended_author on suspended (lower(substr(author_email, 1, 64)), id, cause);
create index suspended_subject on suspended (lower(substr(subject, 1, 64)), id, cause);

create table deleted (
	id           bigint primary key,
	cause        text   not null,
	author_name  text   not null,
	author_email text   not null,
	subject      text   not null,
	recipient    text   not null,
	created_at   bigint not null,
	expires_at   bigint not null,
	search       text   not null,
	deleted_at   bigint not null,
	keys         text   not null default ''
);
create index deleted_deleted_at on deleted (deleted_at);

create table tickets (
	id           bigint  primary key,
	message      bigint  not null references messages (id),
	suspended_id bigint,
	author_name  text    not null,
	author_email text    not null,
	claimed      boolean not null,
	proven       boolean not null,
	subject      text    not null,
	recipient    text    not null,
	status       text    not null,
	via          text    not null,
	created_at   bigint  not null,
	requester    text    not null default '',
	search       text    not null default '',
	keys         text    not null default '',
	addressed    text    not null default ''
);
create unique index tickets_suspended_id on tickets (suspended_id) where suspended_id is not null;
create index tickets_requester on tickets (requester);
create index tickets_message on tickets (message); -- for its reference; SQLite's has none

create table comments (
	id           bigint  primary key,
	ticket       bigint  not null references tickets (id),
	message      bigint  not null,
	author_name  text    not null,
	author_email text    not null,
	claimed      boolean not null,
	proven       boolean not null,
	subject      text    not null,
	recipient    text    not null,
	search       text    not null,
	keys         text    not null,
	via          text    not null,
	created_at   bigint  not null,
	addressed    text    not null
);
create index comments_ticket on comments (ticket, id);
create unique index comments_message on comments (message);

create table threads (
	key     bigint primary key,
	message bigint not null,
	ticket  bigint not null
);

create table tombstones (
	id          bigint primary key,
	decision_id text   not null,
	cause       text   not null,
	sender      text   not null,
	message_id  text   not null,
	client      text   not null,
	ended       text   not null,
	ended_by    text   not null,
	created_at  bigint not null,
	ended_at    bigint not null,
	keys        text   not null
);
create index tombstones_ended_at on tombstones (ended_at);

create table facts (
	id          bigint primary key,
	received_at bigint not null,
	facts       text   not null
);

create table counters (
	minute bigint not null,
	kind   text   not null,
	n      bigint not null,
	primary key (minute, kind)
);

create table bands (
	address    text   not null,
	client     text   not null,
	started_at bigint not null,
	stored     bigint not null,
	primary key (address, client)
);
create index bands_started_at on bands (started_at);

create table access (
	generation       bigint  not null,
	enabled          boolean not null,
	ranges           text    not null,
	customers_bypass boolean not null
);
insert into access (generation, enabled, ranges, customers_bypass) values (0, false, '', false);

create table tokens (
	id           bigint primary key,
	owner        bigint not null references users (id) on delete cascade,
	name         text   not null,
	hash         bytea  not null unique,
	created_at   bigint not null,
	expires_at   bigint,
	revoked_at   bigint,
	last_used_at bigint,
	last_client  text   not null
);
create index tokens_owner on tokens (owner);

create table sessions (
	hash       bytea  not null primary key,
	owner      bigint not null references users (id) on delete cascade,
	client     text   not null,
	agent      text   not null,
	created_at bigint not null,
	seen_at    bigint not null
);
create index sessions_owner on sessions (owner, seen_at);

create table organizations (
	id         bigint primary key,
	name       text   not null unique,
	domains    text   not null,
	created_at bigint not null,
	updated_at bigint not null
);

create table organization_entries (
	target       text    not null,
	organization bigint  not null,
	generation   bigint  not null,
	removed      boolean not null,
	primary key (target, organization)
);
create index organization_entries_generation on organization_entries (generation);

create table targets (
	name       text    not null primary key,
	kind       text    not null,
	place      text    not null,
	events     text    not null,
	recipients text    not null,
	apart      boolean not null,
	configured boolean not null,
	paused_at  bigint  not null,
	paused_why text    not null
);

create table handoffs (
	id         bigint generated by default as identity primary key,
	target     text    not null,
	event      text    not null,
	ticket     bigint  not null,
	message    bigint  not null,
	thread     bigint  not null,
	recipient  text    not null,
	key        text    not null,
	created_at bigint  not null,
	state      text    not null default 'waiting',
	due_at     bigint  not null,
	lease      bigint  not null default 0,
	attempts   bigint  not null default 0,
	first_at   bigint  not null default 0,
	tried_at   bigint  not null default 0,
	ended_at   bigint  not null default 0,
	said       text    not null default ''
);
create index handoffs_due on handoffs (target, due_at) where state = 'waiting';
create index handoffs_ended on handoffs (target) where state in ('failed', 'unknown');
create index handoffs_thread on handoffs (thread, target);

create table notices (
	id         bigint primary key,
	key        text   not null,
	mail_from  text   not null,
	subject    text   not null,
	message_id text   not null,
	trace      text   not null,
	raw        bytea  not null,
	created_at bigint not null
);
create index notices_message_id on notices (message_id);

create table shadow (
	number       bigint primary key,
	set_at       bigint not null,
	set_by       text   not null,
	generation   bigint not null,
	last_message bigint not null,
	rejected     bigint not null
);

create table shadow_changes (
	list    text    not null,
	keyword text    not null,
	target  text    not null,
	text    text    not null,
	removed boolean not null,
	primary key (list, target, keyword)
);

create table shadow_rejections (
	action   text   not null,
	cause    text   not null,
	messages bigint not null,
	primary key (action, cause)
);

create table rule_hits (
	list    text   not null,
	target  text   not null,
	keyword text   not null,
	hits    bigint not null,
	last_at bigint,
	primary key (list, target, keyword)
);

create table audit (
	id         bigint  primary key,
	at         bigint  not null,
	actor      text    not null,
	door       text    not null,
	client     text    not null,
	action     text    not null,
	subject    text    not null,
	before     text    not null,
	after      text    not null,
	generation bigint  not null,
	undoable   boolean not null,
	undoes     bigint,
	undone_by  bigint
);
create index audit_subject on audit (subject, id);

create table audit_rules (
	audit      bigint  not null references audit (id) deferrable initially deferred,
	list       text    not null,
	keyword    text    not null,
	target     text    not null,
	text       text    not null,
	note       text    not null,
	position   bigint  not null,
	created_at bigint  not null,
	added      boolean not null,
	expires_at bigint,
	primary key (audit, list, target, keyword)
);

create table audit_mail (
	audit        bigint  not null references audit (id) deferrable initially deferred,
	message      bigint  not null,
	author       text    not null,
	ticket       bigint  not null,
	made_profile boolean not null,
	created_at   bigint  not null,
	expires_at   bigint  not null,
	primary key (audit, message)
);
create index audit_mail_author on audit_mail (author, audit);
create index audit_mail_message on audit_mail (message, audit);

create table audit_organizations (
	audit        bigint not null references audit (id) deferrable initially deferred,
	organization bigint not null,
	before       text   not null,
	after        text   not null,
	primary key (audit, organization)
);

-- Nothing is taken out of the audit log, and nothing in it changes, but that an entry is undone
-- once. What is there cannot be inserted again: it has a key.
create function append_only() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' and tg_table_name = 'audit' then
		if old.undone_by is null and new.undone_by is not null
			and to_jsonb(new) - 'undone_by' = to_jsonb(old) - 'undone_by' then
			return new;
		end if;
	end if;
	raise exception 'the audit log is append-only';
end $$;

create trigger audit_fixed before update on audit
	for each row execute function append_only();
create trigger audit_kept before delete on audit
	for each row execute function append_only();
create trigger audit_emptied before truncate on audit
	for each statement execute function append_only();
create trigger audit_rules_fixed before update on audit_rules
	for each row execute function append_only();
create trigger audit_rules_kept before delete on audit_rules
	for each row execute function append_only();
create trigger audit_rules_emptied before truncate on audit_rules
	for each statement execute function append_only();
create trigger audit_mail_fixed before update on audit_mail
	for each row execute function append_only();
create trigger audit_mail_kept before delete on audit_mail
	for each row execute function append_only();
create trigger audit_mail_emptied before truncate on audit_mail
	for each statement execute function append_only();
create trigger audit_organizations_fixed before update on audit_organizations
	for each row execute function append_only();
create trigger audit_organizations_kept before delete on audit_organizations
	for each row execute function append_only();
create trigger audit_organizations_emptied before truncate on audit_organizations
	for each statement execute function append_only();
