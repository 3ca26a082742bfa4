-- A change of the lists that is tried beside them, and decides nothing: see shadow.go.
create table shadow ( -- one row, or none
	number       integer primary key, -- of all that ever were
	set_at       bigint not null,
	set_by       text   not null,
	generation   bigint not null,     -- of the lists that it was made from
	last_message bigint not null,     -- that had come
	rejected     bigint not null      -- how many were silently, until then
);

-- What it would take off the lists and put on them.
create table shadow_changes (
	list    text    not null, -- allow, block
	keyword text    not null,
	target  text    not null,
	text    text    not null, -- as it was written
	removed boolean not null,
	primary key (list, target, keyword)
);

-- How many messages that were rejected silently would have become what by it.
create table shadow_rejections (
	action   text   not null,
	cause    text   not null, -- of what would be held, else empty
	messages bigint not null,
	primary key (action, cause)
);

insert into meta (name, value) values ('shadows', 0); -- the last number, never used again
