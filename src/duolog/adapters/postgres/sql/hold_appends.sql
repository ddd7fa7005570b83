-- waits for whoever has appended and not committed; reading goes on
LOCK TABLE {schema}.events IN SHARE ROW EXCLUSIVE MODE
