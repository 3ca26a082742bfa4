-- What a decision on a message depended on, so that it can be made again by other lists: see
-- policy/kept.go. The rows are narrow, and stay as long as a message or its tombstone does.
create table facts (
	id          integer primary key, -- of its message
	received_at bigint not null,
	facts       text   not null      -- JSON
);

-- Of messages up to this id there may be none.
insert into meta (name, value) select 'facts_from', value from meta where name = 'sequence';
