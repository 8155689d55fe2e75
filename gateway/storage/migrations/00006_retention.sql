-- +goose Up

-- Who ended a discrepancy, on what grounds, and when.
ALTER TABLE discrepancy ADD COLUMN resolved_note TEXT NOT NULL DEFAULT '';
ALTER TABLE discrepancy ADD COLUMN resolved_us BIGINT;
CREATE INDEX discrepancy_resolved ON discrepancy (store, resolved_us) WHERE resolved_us IS NOT NULL;

-- When everything personal of a payment was erased, and which version that was:
-- of a later one there may be something again. Every writer raises the version.
ALTER TABLE payment ADD COLUMN erased_us BIGINT;
ALTER TABLE payment ADD COLUMN erased_version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX payment_personal ON payment (store, created_us) WHERE erased_version < version;
CREATE INDEX attempt_time ON attempt (store, started_us);
CREATE INDEX instrument_payment ON instrument (store, payment);

-- Reports name what moved, and not always the payment.
CREATE INDEX movement_fact ON movement (store, fact);

-- Tasks that ended well are pruned by when they did, listed by when they changed,
-- and found by their key when another one of that key is enqueued.
CREATE INDEX job_ended ON job (finished_us) WHERE state IN ('completed', 'aborted');
CREATE INDEX job_changed ON job (store, updated_us, id);
CREATE INDEX job_key ON job (store, dedupe) WHERE dedupe <> '';

-- +goose Down
DROP INDEX job_key;
DROP INDEX job_changed;
DROP INDEX job_ended;
DROP INDEX movement_fact;
DROP INDEX instrument_payment;
DROP INDEX attempt_time;
DROP INDEX payment_personal;
ALTER TABLE payment DROP COLUMN erased_version;
ALTER TABLE payment DROP COLUMN erased_us;
DROP INDEX discrepancy_resolved;
ALTER TABLE discrepancy DROP COLUMN resolved_us;
ALTER TABLE discrepancy DROP COLUMN resolved_note;
