-- What became of every message that was taken: see conservation.go. A database of an older
-- layout has its own rows for that, and what it has counted of rejects.

insert into meta (name, value) values
	('rejected', (select coalesce(sum(n), 0) from counters where kind like 'reject:%')),
	('deleted', 0),   -- held messages that a person deleted
	('expired', 0),   -- held messages whose time was over
	('set_aside', 0), -- damaged held messages and tickets that a person took out
	('lost', 0);      -- that could not be read when a damaged database was salvaged
insert into meta (name, value)
	select 'accepted', value + (select count(*) from tickets) + (select count(*) from suspended)
		from meta where name = 'rejected';
