// Package client sends transfers to payment providers and says honestly what
// became of them.
//
// [HTTP] is the client for providers' web interfaces; [New] makes one. Policies
// go around it, the first listed outermost:
//
//	http, err := client.New(client.Config{Hosts: []string{"api.example.com"}})
//	c := client.Apply(http,
//		client.Observe(log),                            // sees each call once, with the number of tries
//		client.Retry(client.RetryOptions{}),            // repeats what was surely not executed
//		client.Breaker(client.BreakerOptions{}),        // counts every try; open, it sends nothing
//		client.RateLimit(client.LimitOptions{PerSecond: 25}),
//		client.Bulkhead(64, time.Second),               // holds a place only while sending
//		client.Timeout(10*time.Second),                 // bounds each try
//	)
//
// That order is recommended. Outside [Retry] a policy acts once per call, inside
// it once per try. The waits of limits belong outside [Timeout], so that waiting
// for a turn is not taken for a slow provider.
//
// # Certainty
//
// A call ends in one of three ways, and the kind of the network's error does not
// decide which:
//
//   - Not sent ([gateway.CodeUnavailable]): it is proved that no byte of the
//     request left: no connection was ever handed it. Trying again is safe.
//   - Answered (no error): head and body arrived to the last byte, whatever the
//     status. Validators judge it. A redirect is an answer; nothing follows it.
//   - Unknown ([gateway.CodeIndeterminate]): everything else. A time-out, a
//     reset, half an answer, an answer beyond the limits: even if its status was
//     200. Ask the provider before trying again.
//
// Nothing is ever sent twice by the transport, which net/http would do with
// requests that have an Idempotency-Key. Errors are written in this package's
// own words: no URL, query, header or body gets into one.
//
// # Reading answers
//
// An answer carries the [transfer.Converter] that reads it: the transfer's own,
// else the one of [Convert] or of the config. [JSON], [Form], [XML], [HTMLForm]
// and [Text] are strict, and [ByContentType] chooses among them.
//
// Package clienttest has a scripted client, a recorder and a faulty server.
package client
