-- Replies join the ticket that they answer: see threads.go and comments.go.

create table comments (
	id           integer primary key,
	ticket       bigint  not null references tickets (id),
	message      bigint  not null,
	author_name  text    not null,
	author_email text    not null,
	claimed      boolean not null, -- the address is only what the message says
	proven       boolean not null,
	subject      text    not null,
	recipient    text    not null,
	search       text    not null, -- see 0010_find.sql
	keys         text    not null,
	via          text    not null, -- email, recovered
	created_at   bigint  not null,
	addressed    text    not null  -- who is on the ticket by it, an address a line
);
create index comments_ticket on comments (ticket, id);
create unique index comments_message on comments (message);

-- To and Cc of its message. Of the tickets of older layouts that is not known.
alter table tickets add column addressed text not null default '';

-- By which Message-ID a reply finds its ticket: the first to bear it. Those of older tickets are
-- written by the program that makes this table.
create table threads (
	key     integer primary key, -- 63 bits of the SHA-256 of the Message-ID
	message bigint  not null,
	ticket  bigint  not null
);
