-- +goose Up

-- What is listed by its state is listed by age: a rare state is found without reading what is common.
-- The indexes that these replace ended with when a row was changed, which nobody asked for,
-- and were written anew with every change.
CREATE INDEX payment_listed ON payment (store, status, created_us, id);
CREATE INDEX operation_listed ON operation (store, state, created_us, id);
CREATE INDEX outbox_last ON outbox (store, payment, id);
DROP INDEX payment_status;
DROP INDEX operation_state;
DROP INDEX outbox_payment;

-- +goose Down
CREATE INDEX outbox_payment ON outbox (store, payment);
CREATE INDEX operation_state ON operation (store, state, updated_us);
CREATE INDEX payment_status ON payment (store, status, updated_us);
DROP INDEX outbox_last;
DROP INDEX operation_listed;
DROP INDEX payment_listed;
