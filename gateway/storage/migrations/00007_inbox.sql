-- +goose Up

-- What providers told us (gateway/inbox): one row for each event, under the id that
-- the provider gives it. The body is what was understood of it, never what came.
CREATE TABLE inbox (
	store       TEXT   NOT NULL,
	provider    TEXT   NOT NULL,
	event       TEXT   NOT NULL,
	kind        TEXT   NOT NULL,
	state       TEXT   NOT NULL, -- received, waiting, gating, done, foreign
	gate        TEXT   NOT NULL, -- "", needed, passed
	payment     TEXT   NOT NULL DEFAULT '', -- ours, once it is known
	digest      TEXT   NOT NULL, -- of the body: what comes again must be the same
	body        TEXT   NOT NULL, -- JSON
	failure     TEXT   NOT NULL DEFAULT '',
	attempt     BIGINT NOT NULL DEFAULT 0, -- counts the claims and fences every write of a holder
	due_us      BIGINT,          -- not before; while it is claimed: how long the claim holds; null: not by itself
	claimed_us  BIGINT,          -- until when somebody works on it; null: nobody does
	received_us BIGINT NOT NULL,
	updated_us  BIGINT NOT NULL,
	ended_us    BIGINT,          -- null: not done and not foreign
	PRIMARY KEY (store, provider, event)
);
CREATE INDEX inbox_due ON inbox (due_us) WHERE due_us IS NOT NULL;
CREATE INDEX inbox_state ON inbox (store, state, received_us, provider, event);
CREATE INDEX inbox_payment ON inbox (store, payment, received_us) WHERE payment <> '';
CREATE INDEX inbox_ended ON inbox (ended_us) WHERE ended_us IS NOT NULL;

-- +goose Down
DROP TABLE inbox;
