-- The same message again is known by its octets, whichever process took the first and however
-- long ago that was: see again.go.
create index messages_sum on messages (sum);

insert into meta (name, value) values ('duplicates', 0); -- accepted, and stored before
