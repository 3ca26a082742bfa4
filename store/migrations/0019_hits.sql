-- How much mail each entry of the lists decided, and when the last came. Of what was rejected
-- nothing but the count is kept.
create table rule_hits (
	list    text   not null,
	target  text   not null,
	keyword text   not null,
	hits    bigint not null,
	last_at bigint,          -- null: of an entry with reject:
	primary key (list, target, keyword)
);

-- Since when they are counted; 0 is from the beginning.
insert into meta (name, value) select 'hits_from',
	case when exists (select 1 from rules) then unixepoch() * 1000 else 0 end;
