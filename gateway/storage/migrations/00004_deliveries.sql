-- +goose Up

-- Who is told what happened (gateway/outbox). An event is shared out once: it becomes one
-- delivery for each subscriber that wants it. open_deliveries counts those that are neither
-- delivered nor skipped; null means that the event was not shared out yet.
ALTER TABLE outbox ADD COLUMN open_deliveries BIGINT;
CREATE INDEX outbox_new ON outbox (id) WHERE open_deliveries IS NULL AND delivered_us IS NULL;
CREATE INDEX outbox_told ON outbox (delivered_us) WHERE delivered_us IS NOT NULL;

CREATE TABLE subscriber (
	name       TEXT   NOT NULL PRIMARY KEY,
	kinds      TEXT   NOT NULL, -- JSON: patterns, [] for all
	stores     TEXT   NOT NULL, -- JSON: [] for all
	since_us   BIGINT NOT NULL, -- it gets what was created from then on
	backfill   TEXT,            -- the last older event that it was given; null: it has all
	parked_us  BIGINT,          -- null: it is told
	failure    TEXT   NOT NULL DEFAULT '', -- why it is parked
	updated_us BIGINT NOT NULL
);

-- attempt counts the claims and fences every write of a dispatcher.
CREATE TABLE delivery (
	subscriber TEXT   NOT NULL,
	event      TEXT   NOT NULL,
	store      TEXT   NOT NULL,
	payment    TEXT   NOT NULL,
	state      TEXT   NOT NULL, -- pending, parked, delivered, skipped
	attempt    BIGINT NOT NULL DEFAULT 0,
	tries      BIGINT NOT NULL DEFAULT 0, -- since an operator last asked for it
	due_us     BIGINT NOT NULL, -- not before; while it is claimed: how long the claim holds
	claimed_us BIGINT,          -- null: nobody delivers it at the moment
	first_us   BIGINT,          -- when it was tried first
	failure    TEXT   NOT NULL DEFAULT '',
	updated_us BIGINT NOT NULL,
	PRIMARY KEY (subscriber, event),
	FOREIGN KEY (subscriber) REFERENCES subscriber (name),
	FOREIGN KEY (event) REFERENCES outbox (id)
);
CREATE INDEX delivery_due ON delivery (subscriber, due_us, event) WHERE state = 'pending';
CREATE INDEX delivery_order ON delivery (subscriber, store, payment, event) WHERE state IN ('pending', 'parked');
CREATE INDEX delivery_event ON delivery (event);

-- One row that is locked by whoever shares events out, registers or removes a subscriber,
-- or prunes, so that no event slips between two of them.
CREATE TABLE outbox_turn (
	id    BIGINT NOT NULL PRIMARY KEY,
	turns BIGINT NOT NULL
);
INSERT INTO outbox_turn (id, turns) VALUES (1, 0);

-- +goose Down
DROP TABLE outbox_turn;
DROP TABLE delivery;
DROP TABLE subscriber;
DROP INDEX outbox_told;
DROP INDEX outbox_new;
ALTER TABLE outbox DROP COLUMN open_deliveries;
