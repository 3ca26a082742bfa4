-- Organisations, whose domains and addresses count as allowed: see organizations.go.

create table organizations (
	id         integer primary key,
	name       text   not null unique,
	domains    text   not null, -- the entries as they were written, separated by spaces
	created_at bigint not null,
	updated_at bigint not null
);

-- What each of them has, in its one spelling, as the policy is built from it.
create table organization_entries (
	target       text    not null, -- an address or a domain
	organization bigint  not null,
	generation   bigint  not null, -- of the change that added, renamed or removed it
	removed      boolean not null,
	primary key (target, organization)
);
create index organization_entries_generation on organization_entries (generation);

insert into meta (name, value) values ('organizations', 0); -- the last id, never used again

-- What a change made of organisations, so that it can be undone: JSON, or null for none.
create table audit_organizations (
	audit        bigint not null references audit (id) deferrable initially deferred,
	organization bigint not null,
	before       text   not null,
	after        text   not null,
	primary key (audit, organization)
);

create trigger audit_organizations_once before insert on audit_organizations
when exists (select 1 from audit_organizations where audit = new.audit
	and organization = new.organization)
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_organizations_fixed before update on audit_organizations
begin select raise(abort, 'the audit log is append-only'); end;

create trigger audit_organizations_kept before delete on audit_organizations
begin select raise(abort, 'the audit log is append-only'); end;
