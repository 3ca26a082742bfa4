-- Eight octets of a sum are enough to find the same message by, and less to write.
drop index messages_sum;
create index messages_alike on messages (substr(sum, 1, 8));
