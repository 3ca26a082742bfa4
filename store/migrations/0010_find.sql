-- What a message is looked for by, in lower case, in the rows that are narrow: to read through
-- whole messages takes too long, and an index would be a page more to write for each.
alter table tickets add column search text not null default '';
alter table tickets add column keys text not null default '';
alter table suspended add column keys text not null default '';
alter table deleted add column keys text not null default '';

update tickets set search = lower(subject) || char(10) || lower(author_name) || char(10) ||
	lower(author_email) || char(10) || lower(recipient);
update tickets set keys = coalesce((select lower(m.message_id || char(10) || m.decision_id ||
	char(10) || m.client || char(10) || m.recipients) from messages m
	where m.id = tickets.message), '');
update suspended set keys = coalesce((select lower(m.message_id || char(10) || m.decision_id ||
	char(10) || m.client || char(10) || m.recipients) from messages m
	where m.id = suspended.id), '');
update deleted set keys = coalesce((select lower(m.message_id || char(10) || m.decision_id ||
	char(10) || m.client || char(10) || m.recipients) from messages m
	where m.id = deleted.id), '');

-- What is left of a message that is gone, so that whoever asks for it is told what became of it.
-- Nothing of its words is here.
create table tombstones (
	id          integer primary key, -- under which it was held
	decision_id text   not null,
	cause       text   not null,
	sender      text   not null,
	message_id  text   not null,
	client      text   not null,
	ended       text   not null, -- deleted, expired, set aside
	ended_by    text   not null, -- who, or empty
	created_at  bigint not null,
	ended_at    bigint not null,
	keys        text   not null
);
create index tombstones_ended_at on tombstones (ended_at);
