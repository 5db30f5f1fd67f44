-- By which way a device was heard last: what is said to it goes back there.
ALTER TABLE heard ADD COLUMN way TEXT NOT NULL DEFAULT '';
