-- +goose Up

-- Every key starts with the store. Times are microseconds since 1970 (UTC),
-- amounts are minor units, flags are 0 or 1, so that one text runs on SQLite and PostgreSQL.

CREATE TABLE payment (
	store         TEXT   NOT NULL,
	id            TEXT   NOT NULL,
	command_key   TEXT   NOT NULL, -- the caller's key of the creation
	fingerprint   TEXT   NOT NULL,
	order_ref     TEXT   NOT NULL,
	currency      TEXT   NOT NULL,
	due           BIGINT NOT NULL,
	phase         TEXT   NOT NULL,
	authorized    BIGINT NOT NULL DEFAULT 0 CHECK (authorized >= 0),
	released      BIGINT NOT NULL DEFAULT 0 CHECK (released >= 0),
	captured      BIGINT NOT NULL DEFAULT 0 CHECK (captured >= 0),
	refunded      BIGINT NOT NULL DEFAULT 0 CHECK (refunded >= 0),
	charged_back  BIGINT NOT NULL DEFAULT 0 CHECK (charged_back >= 0),
	capturing     BIGINT NOT NULL DEFAULT 0 CHECK (capturing >= 0),
	releasing     BIGINT NOT NULL DEFAULT 0 CHECK (releasing >= 0),
	refunding     BIGINT NOT NULL DEFAULT 0 CHECK (refunding >= 0),
	capture_limit BIGINT, -- null: what is held
	closed        BIGINT NOT NULL DEFAULT 0,
	status        TEXT   NOT NULL, -- the derived headline, for operators' queries
	version       BIGINT NOT NULL DEFAULT 1,
	created_us    BIGINT NOT NULL,
	updated_us    BIGINT NOT NULL,
	PRIMARY KEY (store, id)
);
CREATE UNIQUE INDEX payment_command ON payment (store, command_key);
CREATE INDEX payment_order ON payment (store, order_ref);
CREATE INDEX payment_status ON payment (store, status, updated_us);

-- What is personal stands apart, so that it can be erased without touching the ledger.
CREATE TABLE detail (
	store   TEXT NOT NULL,
	payment TEXT NOT NULL,
	name    TEXT NOT NULL, -- "order", or "request/<operation>"
	body    TEXT NOT NULL, -- JSON
	PRIMARY KEY (store, payment, name)
);

CREATE TABLE operation (
	store         TEXT   NOT NULL,
	id            TEXT   NOT NULL,
	payment       TEXT   NOT NULL,
	kind          TEXT   NOT NULL,
	provider      TEXT   NOT NULL,
	command_key   TEXT   NOT NULL,
	fingerprint   TEXT   NOT NULL,
	amount        BIGINT, -- null: none
	target        TEXT   NOT NULL,
	final         BIGINT NOT NULL DEFAULT 0,
	state         TEXT   NOT NULL,
	reserved      BIGINT NOT NULL DEFAULT 0, -- what it holds back of the payment, until it settles
	code          TEXT   NOT NULL DEFAULT '',
	reason        TEXT   NOT NULL DEFAULT '',
	detail        TEXT   NOT NULL DEFAULT '',
	message       TEXT   NOT NULL DEFAULT '',
	reference     TEXT   NOT NULL DEFAULT '',
	action        TEXT   NOT NULL DEFAULT '', -- JSON of what the shopper must do
	checks        BIGINT NOT NULL DEFAULT 0,  -- how often it was looked up since it was last sent
	next_check_us BIGINT, -- null: nothing is due
	deadline_us   BIGINT,
	version       BIGINT NOT NULL DEFAULT 1,
	created_us    BIGINT NOT NULL,
	updated_us    BIGINT NOT NULL,
	PRIMARY KEY (store, id),
	FOREIGN KEY (store, payment) REFERENCES payment (store, id)
);
CREATE UNIQUE INDEX operation_command ON operation (store, command_key);
CREATE INDEX operation_payment ON operation (store, payment);
CREATE INDEX operation_state ON operation (store, state, updated_us);
CREATE INDEX operation_due ON operation (next_check_us) WHERE next_check_us IS NOT NULL;

CREATE TABLE step (
	store         TEXT   NOT NULL,
	operation     TEXT   NOT NULL,
	number        BIGINT NOT NULL,
	name          TEXT   NOT NULL, -- the command
	provider_key  TEXT   NOT NULL,
	digest        TEXT   NOT NULL DEFAULT '', -- of the bytes that were sent under the key
	effect        TEXT   NOT NULL,
	state         TEXT   NOT NULL,
	lease_us      BIGINT, -- until when the sender is believed to be alive
	first_sent_us BIGINT,
	last_sent_us  BIGINT,
	sends         BIGINT NOT NULL DEFAULT 0,
	doubt         BIGINT NOT NULL DEFAULT 0, -- 1: a try had no answer to rely on, so it may have been executed
	PRIMARY KEY (store, operation, number),
	FOREIGN KEY (store, operation) REFERENCES operation (store, id)
);
CREATE INDEX step_lease ON step (lease_us) WHERE lease_us IS NOT NULL;

-- Append only.
CREATE TABLE attempt (
	store       TEXT   NOT NULL,
	operation   TEXT   NOT NULL,
	number      BIGINT NOT NULL, -- of the step
	n           BIGINT NOT NULL,
	command     TEXT   NOT NULL,
	code        TEXT   NOT NULL, -- "" for an answer that was believed
	detail      TEXT   NOT NULL,
	request_id  TEXT   NOT NULL,
	started_us  BIGINT NOT NULL,
	duration_us BIGINT NOT NULL,
	PRIMARY KEY (store, operation, number, n)
);

-- Append only. The key is the identity of the fact: evidence of it that comes twice is one row.
CREATE TABLE movement (
	store       TEXT   NOT NULL,
	provider    TEXT   NOT NULL,
	account     TEXT   NOT NULL,
	kind        TEXT   NOT NULL,
	reverses    TEXT   NOT NULL,
	fact        TEXT   NOT NULL, -- the provider's reference, or "operation:" and ours
	sequence    BIGINT NOT NULL,
	payment     TEXT   NOT NULL,
	amount      BIGINT NOT NULL CHECK (amount >= 0),
	parent      TEXT   NOT NULL,
	operation   TEXT   NOT NULL, -- "" for what happened elsewhere
	at_us       BIGINT, -- the provider's time
	source      TEXT   NOT NULL,
	expires_us  BIGINT,
	settled     BIGINT,
	settled_currency TEXT NOT NULL DEFAULT '',
	fee         BIGINT,
	recorded_us BIGINT NOT NULL,
	PRIMARY KEY (store, provider, account, kind, reverses, fact, sequence),
	FOREIGN KEY (store, payment) REFERENCES payment (store, id)
);
CREATE INDEX movement_payment ON movement (store, payment);

-- Append only: added, never overwritten.
CREATE TABLE ref (
	store   TEXT   NOT NULL,
	owner   TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	value   TEXT   NOT NULL,
	payment TEXT   NOT NULL,
	added_us BIGINT NOT NULL,
	PRIMARY KEY (store, owner, name, value, payment)
);
CREATE INDEX ref_payment ON ref (store, payment);

CREATE TABLE outbox (
	id           TEXT   NOT NULL PRIMARY KEY, -- in the order of time
	store        TEXT   NOT NULL,
	payment      TEXT   NOT NULL,
	kind         TEXT   NOT NULL,
	body         TEXT   NOT NULL, -- JSON
	created_us   BIGINT NOT NULL,
	delivered_us BIGINT
);
CREATE INDEX outbox_open ON outbox (id) WHERE delivered_us IS NULL;

CREATE TABLE discrepancy (
	store       TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	payment     TEXT   NOT NULL,
	kind        TEXT   NOT NULL,
	body        TEXT   NOT NULL, -- JSON: the evidence
	created_us  BIGINT NOT NULL,
	resolved_by TEXT   NOT NULL DEFAULT '',
	PRIMARY KEY (store, id)
);

-- +goose Down
DROP TABLE discrepancy;
DROP TABLE outbox;
DROP TABLE ref;
DROP TABLE movement;
DROP TABLE attempt;
DROP TABLE step;
DROP TABLE operation;
DROP TABLE detail;
DROP TABLE payment;
