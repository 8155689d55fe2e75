-- +goose Up

-- 1: another payment may pay a part of the same order.
ALTER TABLE payment ADD COLUMN split BIGINT NOT NULL DEFAULT 0;

-- What one call of several is for; null and '' mean what the operation says.
ALTER TABLE step ADD COLUMN amount BIGINT;
ALTER TABLE step ADD COLUMN target TEXT NOT NULL DEFAULT '';

-- One row for each order that is being paid: whoever begins to pay locks it first.
CREATE TABLE order_lane (
	store     TEXT   NOT NULL,
	order_ref TEXT   NOT NULL,
	begun     BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (store, order_ref)
);

-- What may pay again. The token is encrypted, or there is none.
CREATE TABLE instrument (
	store      TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	provider   TEXT   NOT NULL,
	customer   TEXT   NOT NULL, -- the provider's customer
	payment    TEXT   NOT NULL,
	operation  TEXT   NOT NULL, -- that stored it
	body       TEXT   NOT NULL, -- JSON without the token: brand, last four, expiry, mandate, network transaction
	token      TEXT   NOT NULL, -- encrypted, base64
	created_us BIGINT NOT NULL,
	forgotten_us BIGINT,        -- the token is then ''
	PRIMARY KEY (store, id)
);
CREATE UNIQUE INDEX instrument_operation ON instrument (store, operation);
CREATE INDEX instrument_customer ON instrument (store, provider, customer);

CREATE TABLE dispute (
	store       TEXT   NOT NULL,
	provider    TEXT   NOT NULL,
	reference   TEXT   NOT NULL,
	payment     TEXT   NOT NULL,
	capture     TEXT   NOT NULL,
	reason      TEXT   NOT NULL,
	amount      BIGINT NOT NULL,
	state       TEXT   NOT NULL,
	deadline_us BIGINT,
	created_us  BIGINT NOT NULL,
	updated_us  BIGINT NOT NULL,
	PRIMARY KEY (store, provider, reference),
	FOREIGN KEY (store, payment) REFERENCES payment (store, id)
);
CREATE INDEX dispute_payment ON dispute (store, payment);
CREATE INDEX dispute_open ON dispute (store, deadline_us) WHERE state = 'open';

-- What the engine will do by itself, because a policy says so.
CREATE TABLE plan (
	store      TEXT   NOT NULL,
	payment    TEXT   NOT NULL,
	name       TEXT   NOT NULL, -- what it is for; its command key is made of it
	kind       TEXT   NOT NULL, -- the operation
	why        TEXT   NOT NULL,
	amount     BIGINT,          -- null: all that is left
	target     TEXT   NOT NULL,
	due_us     BIGINT,          -- null: done, or given up
	tries      BIGINT NOT NULL DEFAULT 0,
	result     TEXT   NOT NULL DEFAULT '', -- the operation, or why none was made
	created_us BIGINT NOT NULL,
	PRIMARY KEY (store, payment, name),
	FOREIGN KEY (store, payment) REFERENCES payment (store, id)
);
CREATE INDEX plan_due ON plan (due_us) WHERE due_us IS NOT NULL;

-- +goose Down
DROP TABLE plan;
DROP TABLE dispute;
DROP TABLE instrument;
DROP TABLE order_lane;
ALTER TABLE step DROP COLUMN target;
ALTER TABLE step DROP COLUMN amount;
ALTER TABLE payment DROP COLUMN split;
