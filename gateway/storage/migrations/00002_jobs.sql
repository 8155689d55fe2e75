-- +goose Up

-- Background tasks (gateway/task/leased). A row in state in_progress with a lease is run by
-- a worker that is believed alive until then; without one it waits for its children.
-- attempt counts the claims and fences every write of a worker.
CREATE TABLE job (
	store       TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	kind        TEXT   NOT NULL,
	queue       TEXT   NOT NULL,
	context     TEXT   NOT NULL, -- for filtering only
	payload     TEXT   NOT NULL, -- JSON, no secrets
	priority    BIGINT NOT NULL,
	state       TEXT   NOT NULL,
	dedupe      TEXT   NOT NULL, -- "" for none
	serial      BIGINT NOT NULL, -- 1: at most one such item of its store and queue runs
	parent      TEXT   NOT NULL,
	weight      BIGINT NOT NULL CHECK (weight > 0),
	progress    BIGINT NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 10000), -- basis points
	progress_at_start BIGINT NOT NULL DEFAULT 0,
	attempt     BIGINT NOT NULL DEFAULT 0,
	retries     BIGINT NOT NULL DEFAULT 0,
	max_retries BIGINT NOT NULL,
	failure     TEXT   NOT NULL DEFAULT '',
	earliest_us BIGINT NOT NULL,
	created_us  BIGINT NOT NULL,
	queued_us   BIGINT,
	started_us  BIGINT,
	finished_us BIGINT,
	lease_us    BIGINT,
	updated_us  BIGINT NOT NULL,
	PRIMARY KEY (store, id)
);
CREATE INDEX job_ready ON job (priority DESC, queued_us, id) WHERE state = 'queued';
CREATE INDEX job_lease ON job (lease_us) WHERE lease_us IS NOT NULL;
CREATE INDEX job_state ON job (store, state, updated_us);
CREATE INDEX job_parent ON job (store, parent) WHERE parent <> '';
CREATE INDEX job_serial ON job (store, queue) WHERE serial = 1 AND state IN ('queued', 'in_progress');
CREATE UNIQUE INDEX job_dedupe ON job (store, dedupe) WHERE dedupe <> '' AND state IN ('created', 'queued', 'in_progress');
CREATE UNIQUE INDEX job_child ON job (store, parent, dedupe) WHERE parent <> '' AND dedupe <> '';

-- One row per queue with serial items: claims of them lock it first.
CREATE TABLE job_lane (
	store  TEXT   NOT NULL,
	queue  TEXT   NOT NULL,
	claims BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (store, queue)
);

-- When each periodic task is due next.
CREATE TABLE job_period (
	store   TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	next_us BIGINT NOT NULL,
	PRIMARY KEY (store, name)
);

-- +goose Down
DROP TABLE job_period;
DROP TABLE job_lane;
DROP TABLE job;
