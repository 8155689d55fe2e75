// Package operator is a command line for the people who look after payments. An
// application mounts it in its own binary, so that it runs with the application's
// providers, keys and database.
//
//	os.Exit(operator.Run(ctx, operator.Config{
//		Engine: eng, DB: db, Store: "es", Tasks: queue,
//		Sources: map[string]reconcile.Source{"stripe": source},
//	}, os.Args[2:], os.Stdout))
//
//	shop payments reconcile -provider stripe -since 24h -apply
//	shop payments parked
//	shop payments settle -operation op_… -happened -reference cap_7 -by ada -note "seen in the dashboard"
//	shop payments discrepancies -by ada -note "their report was wrong" resolve 2bda…
//	shop payments inbox replay stripe evt_1…
//	shop payments deliveries retry mail
//	shop payments tasks retry task_…
//	shop payments erase -order 1017
//
// "help" lists the subcommands, and each explains itself with -h. All write
// text, or with -json one JSON object with amounts in minor units. Instruments,
// personal details, action URLs, the payloads of tasks and the bodies of events
// are never printed. examples/operations is a program that mounts it.
//
// The exit code is 0 when all is well, 1 when something was found that somebody
// should look at, and 2 when the command could not do its work.
package operator
