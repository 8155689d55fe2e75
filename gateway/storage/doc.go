// Package storage keeps payments: operations, steps, attempts, movements,
// references, and what waits to be told, in one SQL database.
//
// [DB] is the one type that the engine uses; the engines below it are drivers:
// storage/sqlite (the default: one file, pure Go, durable at every commit) and
// storage/postgres (many processes). One text of SQL runs on both, and package
// storagetest holds both to the same promises. Open one with sqlite.Open or
// postgres.Open; applications rarely call anything else here, except the
// queries for operators in query.go.
//
//	db, err := sqlite.Open(ctx, "shop.db")
//
// # The records
//
//	payment ─┬─ detail      what is personal: order, request data; may be erased
//	         ├─ ref         the provider's names for it, added and never overwritten
//	         ├─ operation ─── step ─── attempt
//	         │  one caller's    one intended     one try
//	         │  command         provider call    at it
//	         ├─ movement    facts about money, appended; balances are their sum
//	         ├─ outbox ─── delivery   what happened and must be told, and how far each subscriber was told
//	         └─ discrepancy what does not fit, with its evidence
//
// Every key starts with the store, and every method takes it: no query reaches
// another store's rows, but for those that workers ask (what is due, of any
// store). Times are microseconds, amounts minor units.
//
// All writes happen in [DB.Update]: what the function did is durable when it
// returns nil, and has not happened when it returns an error of the function. A
// context that ends does not stop a write half way: writes have a time-out of
// their own.
package storage
