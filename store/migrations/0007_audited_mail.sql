-- Which held messages an entry of the audit log is about: what it takes to undo it, and to find
-- it by a sender or by a message. Nothing of the content of a message is in it.
create table audit_mail (
	audit        bigint  not null references audit (id) deferrable initially deferred,
	message      bigint  not null, -- the id under which it was held
	author       text    not null, -- the address of its sender, or empty
	ticket       bigint  not null, -- that was made of it, or 0
	made_profile boolean not null,
	created_at   bigint  not null, -- of the held message, 0 before this layout
	expires_at   bigint  not null,
	primary key (audit, message)
);
create index audit_mail_author on audit_mail (author, audit);
create index audit_mail_message on audit_mail (message, audit);

insert into audit_mail (audit, message, author, ticket, made_profile, created_at, expires_at)
	select id, cast(subject as bigint), coalesce(json_extract(before, '$.author'), ''),
		coalesce(json_extract(after, '$.ticket'), 0),
		coalesce(json_extract(after, '$.made_profile'), false), 0, 0
	from audit where action in ('suspended.recover', 'suspended.delete')
		and json_valid(before) and json_valid(after);

create trigger audit_mail_once before insert on audit_mail
when exists (select 1 from audit_mail where audit = new.audit and message = new.message)
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_mail_fixed before update on audit_mail
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_mail_kept before delete on audit_mail
begin select raise(abort, 'the audit log is append-only'); end;
