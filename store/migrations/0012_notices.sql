-- Messages of our own on their way out, digests of the queue: see notices.go. They are carried as
-- hand-offs are, and no message has their ids.
create table notices (
	id         integer primary key, -- of the one sequence
	key        text   not null,     -- in our trace
	mail_from  text   not null,     -- its author; the reverse-path is null
	subject    text   not null,
	message_id text   not null,
	trace      text   not null,
	raw        blob   not null,
	created_at bigint not null
);
create index notices_message_id on notices (message_id);

insert into meta (name, value) values
	('digest_at', 0),   -- when the last digest was made, or there was nothing to tell
	('digest_last', 0), -- the last id that it could have told of
	('quiet_since', 0); -- since when nothing had been received when that was told last
