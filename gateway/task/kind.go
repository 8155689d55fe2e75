package task

import (
	"context"
	"encoding"
	"encoding/json"
	"reflect"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// maxPayload is the largest payload, in bytes of JSON.
const maxPayload = 64 << 10

// Kind is a sort of task with its payload's type. Declare it once, as a package
// variable. It is immutable and safe for concurrent use.
//
// Payloads are stored as JSON and are plain data: a type that holds a
// [gateway.Secret], an interface, a function or a channel is refused when it is
// enqueued. Card data and keys never belong in one; fetch them when the task runs.
type Kind[T any] struct {
	name string
	err  error
}

// NewKind returns the kind of a name. Choose one that begins with your package's.
func NewKind[T any](name string) *Kind[T] {
	return &Kind[T]{name: name, err: plain(reflect.TypeFor[T](), map[reflect.Type]bool{})}
}

// Name returns the kind's name.
func (k *Kind[T]) Name() string { return k.name }

// Of returns a new item of the kind; set its fields and enqueue it. What is
// wrong with the payload is told by Enqueue.
func (k *Kind[T]) Of(payload T) New {
	n := New{kind: k.name, err: k.err}
	if n.err != nil {
		return n
	}
	raw, err := json.Marshal(payload)
	switch {
	case err != nil:
		n.err = gateway.Invalid("the payload of a %s task cannot be stored: %w", k.name, err)
	case len(raw) > maxPayload:
		n.err = gateway.Invalid("the payload of a %s task has %d bytes, at most %d are allowed", k.name, len(raw), maxPayload)
	}
	n.payload = raw
	return n
}

// Handle returns the handler that runs f for every item of the kind. f is called
// by many goroutines at once. Its error means "try again" unless [Critical]
// says otherwise; [ErrAbort] aborts the item. ctx carries the item's store and
// ends when the item is aborted, when its claim is lost, when it showed no sign
// of life for too long, and when the worker stops.
func (k *Kind[T]) Handle(f func(ctx context.Context, run *Run, payload T) error) Handler {
	return Handler{Kind: k.name, run: func(ctx context.Context, run *Run) error {
		var payload T
		if err := json.Unmarshal(run.item.Payload, &payload); err != nil {
			return Permanent(gateway.Errorf(gateway.CodeInternal, "the payload cannot be read: %w", err))
		}
		return f(ctx, run, payload)
	}}
}

// Handler runs the items of one kind. The hooks may be nil; they run in the
// transaction that ends the item, wherever that happens, so they only write, and
// only in processes that know the kind: register every kind in every process.
type Handler struct {
	Kind    string
	OnFail  func(tx *storage.Tx, item Item) error // it failed for good
	OnAbort func(tx *storage.Tx, item Item) error

	run func(ctx context.Context, run *Run) error
}

// Serve runs an item; engines call it. A panic is a permanent failure.
func (h Handler) Serve(ctx context.Context, run *Run) (err error) {
	defer func() {
		if p := recover(); p != nil { // its text may quote anything
			err = Permanent(gateway.Errorf(gateway.CodeInternal, "the handler panicked with a %T", p))
		}
	}()
	return h.run(WithStore(ctx, run.item.Store), run)
}

// New is an item to be enqueued; make it with [Kind.Of].
type New struct {
	Store      gateway.StoreID // "" means the store of the context
	Queue      string          // "" means the kind's name
	Context    string          // for filtering only
	Priority   Priority        // 0 means Normal; the queue webhooks is always High
	Key        string          // dedupe: while an item of the store with this key is open, no second one is made
	Serial     bool            // at most one such item of its store and queue runs at a time
	Hold       bool            // it stays created until Release
	Delay      time.Duration   // it does not start earlier than that after now
	Parent     ID              // an open item of the same store that is done only when this one is; Key is then unique among its children for ever
	Weight     int64           // its share of the parent's progress; 0 means 1
	MaxRetries int64           // 0 means the engine's; negative means none

	kind    string
	payload []byte
	err     error
}

// Kind returns the kind's name.
func (n New) Kind() string { return n.kind }

// Payload returns the payload as JSON.
func (n New) Payload() []byte { return n.payload }

// Complete returns n with its defaults filled in, for engines. It fails with
// [gateway.CodeInvalid] when the item cannot be enqueued.
func (n New) Complete(ctx context.Context, maxRetries int64) (New, error) {
	if n.Store == "" {
		n.Store, _ = StoreOf(ctx)
	}
	switch {
	case n.err != nil:
		return n, n.err
	case n.kind == "":
		return n, gateway.Invalid("a task without a kind: make it with Kind.Of")
	case n.Store == "":
		return n, gateway.Invalid("a %s task without a store: set Store, or enqueue it with a context that carries one", n.kind)
	case n.Weight < 0 || n.Delay < 0:
		return n, gateway.Invalid("a %s task with a negative weight or delay", n.kind)
	}
	if n.Queue == "" {
		n.Queue = n.kind
	}
	if n.Priority == 0 {
		n.Priority = Normal
	}
	if n.Queue == QueueWebhooks {
		n.Priority = High
	}
	if n.Weight == 0 {
		n.Weight = 1
	}
	if n.MaxRetries == 0 {
		n.MaxRetries = maxRetries
	}
	n.MaxRetries = max(n.MaxRetries, 0)
	return n, nil
}

// plain refuses types whose values would not survive being stored, or must not be.
func plain(t reflect.Type, seen map[reflect.Type]bool) error {
	if t == reflect.TypeFor[gateway.Secret]() {
		return gateway.Invalid("the payload holds a Secret: fetch it when the task runs")
	}
	if seen[t] {
		return nil
	}
	seen[t] = true
	if k := t.Kind(); k != reflect.Interface && k != reflect.Pointer && (t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())) {
		return nil // it says itself how it is stored
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return gateway.Invalid("the payload holds a %s: payloads are plain data", t)
	case reflect.Map:
		if err := plain(t.Key(), seen); err != nil {
			return err
		}
		return plain(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return plain(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if err := plain(t.Field(i).Type, seen); err != nil {
				return err
			}
		}
	default: // numbers, texts, booleans
	}
	return nil
}
