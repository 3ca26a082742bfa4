-- The same message again is looked for among those of its Date: what comes now stands together in
-- the index, and is not spread over all of its pages. That of messages of older layouts is not
-- known: they stand under 0, as do those without one.
alter table messages add column dated bigint not null default 0; -- Unix seconds of its Date
drop index messages_alike;
create index messages_alike on messages (dated, substr(sum, 1, 8));
