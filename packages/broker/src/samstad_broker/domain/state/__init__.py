"""Current entities of a shard, in memory, with the indexes that keep reads from scanning."""
