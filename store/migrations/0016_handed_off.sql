-- Tickets and comments that were deleted since every target had them: see handedoff.go.
insert into meta (name, value) values ('handed_off', 0);
