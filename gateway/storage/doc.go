// Package storage keeps payments: operations, steps, attempts, movements,
// references, what providers told us and what waits to be told, in one SQL database.
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
//	         ├─ dispute     who claims money back, and how it stands
//	         ├─ plan        what the engine will do by itself, because a policy says so
//	         ├─ instrument  what may pay again, encrypted
//	         ├─ movement    facts about money, appended; balances are their sum
//	         ├─ outbox ─── delivery   what happened and must be told, and how far each subscriber was told
//	         └─ discrepancy what does not fit, with its evidence
//	inbox                   what a provider told us, once for each event (gateway/inbox)
//	job ─── job             background tasks and their children (gateway/task/leased)
//
// Every key starts with the store, and every method takes it: no query reaches
// another store's rows, but for those that workers ask (what is due, of any
// store). Times are microseconds, amounts minor units.
//
// # The tables
//
// Rows that are appended are never changed afterwards. What is not removed is
// the ledger.
//
//	table             key                                                      rows      removed by
//	payment           store id                                                 changed   nobody
//	operation         store id                                                 changed   nobody
//	step              store operation number                                   changed   nobody
//	movement          store provider account kind reverses fact sequence       appended  nobody
//	ref               store owner name value payment                           appended  nobody
//	dispute           store provider reference                                 changed   nobody
//	plan              store payment name                                       changed   nobody
//	instrument        store id                                                 changed   nobody
//	order_lane        store order_ref                                          changed   nobody
//	detail            store payment name                                       changed   Erase
//	attempt           store operation number n                                 appended  PruneAttempts
//	discrepancy       store id                                                 changed   PruneDiscrepancies
//	outbox            id                                                       changed   PruneEvents
//	delivery          subscriber event                                         changed   PruneEvents
//	subscriber        name                                                     changed   RemoveSubscription
//	outbox_turn       id                                                       changed   nobody
//	inbox             store provider event                                     changed   PruneInbox
//	job               store id                                                 changed   Prune
//	job_lane          store queue                                              changed   nobody
//	job_period        store name                                               changed   nobody
//	goose_db_version  id                                                       appended  nobody
//
// A payment's balances change only with an inserted movement; an operation that
// has ended never changes its state; what is changed of an outbox row is when it
// was told, and of a discrepancy who resolved it. [Tx.Erase] also empties the
// actions of operations, which may let their bearer act as the shopper. An
// instrument that is forgotten keeps its row, without its token. The last table
// belongs to the migrations (see [Migrations]), which only ever add, or put one
// index in the place of another.
//
// # What was left out
//
// There is no generic entity, repository or query filter. A record is a Go struct
// and its schema a migration; a question is a method, so that the compiler knows
// what can be asked and a test knows that an index answers it. Hence no LIKE, which
// reads a whole table (orders and references are found by their exact words), no
// NOT EQUALS (states are listed), and no offset (a page goes on after the last row
// of the one before); movements, which are compared as a whole, are the exception.
// What is not there is [gateway.CodeNotFound] or found false; an update of what
// somebody else changed is [gateway.CodeConflict]; nothing is deleted but what the
// table above says; counts and sums are [Tx.Statistics].
//
// # Hearing of changes
//
// [DB.Follow] tells which payments a commit may have changed, so that nobody has
// to ask again and again; [DB.Listen] tells that events were written. On
// PostgreSQL word comes from other processes too. It is sent after the commit and
// apart from it, and may be lost with its process: whoever must know looks now
// and then, for many payments at once ([Tx.PaymentVersions]).
//
// # Writing
//
// All writes happen in [DB.Update]: what the function did is durable when it
// returns nil, and has not happened when it returns an error of the function. A
// context that ends does not stop a write half way: writes have a time-out of
// their own.
package storage
