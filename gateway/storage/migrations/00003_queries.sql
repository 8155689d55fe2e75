-- +goose Up

-- What operators and reconciliation look for, beside what the engine needs.
CREATE INDEX payment_created ON payment (store, created_us);
CREATE INDEX ref_value ON ref (store, value);
CREATE INDEX movement_time ON movement (store, provider, (COALESCE(at_us, recorded_us)));
CREATE INDEX outbox_payment ON outbox (store, payment);
CREATE INDEX discrepancy_payment ON discrepancy (store, payment);
CREATE INDEX discrepancy_open ON discrepancy (store, created_us) WHERE resolved_by = '';

-- +goose Down
DROP INDEX discrepancy_open;
DROP INDEX discrepancy_payment;
DROP INDEX outbox_payment;
DROP INDEX movement_time;
DROP INDEX ref_value;
DROP INDEX payment_created;
