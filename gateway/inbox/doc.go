// Package inbox takes what providers tell us: HTTP handlers that an application
// mounts, and that lose nothing, believe nobody too early and do nothing twice.
//
//	box, err := inbox.New(inbox.Config{
//		Storage: db, Engine: eng,
//		Receivers: map[string]webhook.Receiver{"sandbox": sandbox.Webhook(keys)},
//	})
//	mux.Handle("/webhooks/", box.Handler()) // POST /webhooks/{provider}/{store}
//	go box.Run(ctx, time.Second)            // what waits
//	...
//	server.Shutdown(ctx); box.Wait()        // then close the storage
//
// # One notification
//
// The body is capped, its raw bytes are verified, with the secrets of the store
// that the route names, and then read strictly. In one transaction each event
// becomes a row: from here on it is ours, and a provider that is answered now need
// not come again. Then the event is applied, and only then the provider is
// answered, or when its patience ends. An event that cannot be applied at once is
// answered with success all the same, and applied by [Inbox.Sweep], which an
// application calls from a timer.
//
//	received ──► done      what the event is about was recorded
//	    │  ▲
//	    │  └──── gating    a duty before the acknowledgement was begun (see [Gate])
//	    ├──────► waiting   the payment is not known, or an operation of ours is under way
//	    └──────► foreign   nobody here knows it, after the horizon
//
// Notifications that come at the same time are stored in one transaction together.
// With [Config].Defer a provider is answered once its events are stored, without
// waiting for what they bring.
//
// # What is believed
//
// Where the provider can be asked how a payment stands, it is asked, and what it
// says then is recorded: no amount is trusted because it came in a notification.
// One that states something else is a discrepancy. Where it cannot be asked, what
// is stated and proved goes to engine.Record, unless its amount or currency is
// not what was asked for. Where nothing is signed, each call makes us ask the
// provider: limit their rate in front of the handler. Such an event is stored
// under its id and a digest of what it says, "evt_1#0f3a…", so that nobody can
// take an id away. Where the answer that would have named a payment was lost, an
// event that was proved and repeats our operation's name ([webhook.Event].Vouched)
// may name it. Events are facts, not orders: in whatever order and
// however often they come, the same money is booked.
//
// # Answers
//
// What a provider is answered in each case is its receiver's to say
// ([webhook.Acknowledger]). A redelivery of what is done is answered the same and
// changes nothing, for at least thirty days ([Inbox.Prune]).
//
// # The server around it
//
// The handlers read at most [Config].MaxBody, and few large bodies at once. Slow
// senders are the server's: set http.Server's ReadHeaderTimeout and ReadTimeout
// (10 s is plenty), and
// WriteTimeout above [Config].Patience. Logs hold ids, states, codes and what this
// library's errors say, never a body or a header.
package inbox
