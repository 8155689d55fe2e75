package webhook

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Event is one thing that a provider tells.
type Event struct {
	// ID is unlike that of any other event of the provider for the store, and the
	// same when the event is sent again: at most 255 bytes. A provider that has no
	// ids gets one made of all that tells two facts apart (reference, kind, success
	// flag, date), see [Identity].
	ID   string
	Kind string // the provider's word, such as "capture.succeeded"; at most 100 bytes

	// Refs name what it is about, in the provider's words; Payment and Operation in
	// ours, when the provider gives them back to us.
	Refs      gateway.Refs
	Payment   gateway.PaymentID
	Operation gateway.OperationID

	// Vouched says that the provider itself repeated, in what was proved, the name
	// of our Operation that we gave it: the URL that it calls, a merchant reference.
	// Refs are then that operation's, although asking by them would not show whose
	// they are. Of a hint it says nothing.
	Vouched bool

	// Outcome is what the event states. Where the provider can be asked, it is asked
	// all the same and what it says then counts.
	Outcome gateway.Outcome
	// Fetch says that the event states nothing to rely on: ask the provider.
	Fetch bool
	// Gate says that a duty comes before the acknowledgement (see package inbox).
	Gate bool
	// Foreign says why the event is not for this store, such as "another account";
	// "" when it is. It is noted, acknowledged and never applied.
	Foreign string
	At      time.Time // the provider's time; zero when it does not say
}

func (e Event) check() error {
	switch {
	case e.ID == "":
		return gateway.Invalid("an event has no id")
	case len(e.ID) > 255 || len(e.Kind) > 100:
		return gateway.Invalid("an event's id or kind is too long")
	case !printable(e.ID) || !printable(e.Kind):
		return gateway.Invalid("an event's id or kind has characters that no id has")
	}
	return nil
}

// printable reports whether a text is printable ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Identity makes an event's ID of the parts that tell two events apart, for
// providers that give none. It is 40 hexadecimal characters.
func Identity(parts ...string) string { return identity(parts) }

// Unknown says that an event is of a kind that the reader does not know.
func Unknown(kind string) error {
	return gateway.Errorf(gateway.CodeUnsupported, "unknown event %.100q", kind)
}
