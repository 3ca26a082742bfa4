-- What a person deleted from the suspended queue, and may take back for a while: a row of it
-- as it was, so that no list of the queue has to leave anything out.
create table deleted (
	id           integer primary key, -- of its message
	cause        text   not null,
	author_name  text   not null,
	author_email text   not null,
	subject      text   not null,
	recipient    text   not null,
	created_at   bigint not null,
	expires_at   bigint not null,
	search       text   not null,
	deleted_at   bigint not null
);
create index deleted_deleted_at on deleted (deleted_at);
