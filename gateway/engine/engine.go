package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Config is what an engine is made of.
type Config struct {
	Pools   *command.Pools
	Storage *storage.DB

	// SendTimeout bounds one provider call, whatever the caller's context does; 0 means one minute.
	SendTimeout time.Duration
	// LeaseMargin is how much longer than SendTimeout a sender is believed to be
	// alive; 0 means 30 seconds.
	LeaseMargin time.Duration
	// ActionTime is how long the shopper has to act when neither the provider nor
	// the caller says; 0 means one hour.
	ActionTime time.Duration
	// ReviewTime is how long a provider may hold a payment for review before an
	// operator is asked to see to it; 0 means 14 days.
	ReviewTime time.Duration
	// Account names the merchant's account at a provider for a store; it is part
	// of every idempotency key. Nil means that a store has one account.
	Account func(store gateway.StoreID, provider string) string

	// Sealer encrypts instruments, so that a call whose process died can be made
	// again without its caller. Nil stores no instrument: such a call is then
	// parked when nobody can tell what became of it. A tink.AEAD is one.
	Sealer Sealer

	// Hooks are the application's say in every operation.
	Hooks []Hook
	// Policy says what the engine does to a payment by itself; provider is the one
	// of the payment's money. Nil: nothing. It must be quick and depend on nothing
	// but its arguments: it is asked inside transactions.
	Policy func(p gateway.Payment, provider string) Policy
	// Limits says what a shop allows of what a provider can do; nil allows all of it.
	Limits func(store gateway.StoreID, provider string) Limits
	// Pay is what [Engine.Pay] does: OpPurchase, or OpAuthorize for shops that
	// capture later; "" means OpPurchase.
	Pay gateway.Operation

	// NewID makes identifiers that begin with a prefix and an underscore. Nil makes
	// random ones; a simulation that is to be repeated makes its own.
	NewID func(prefix string) string

	Log *slog.Logger // nil logs nothing
}

// Sealer encrypts and decrypts what is stored, bound to associated data: what was
// encrypted for one row cannot be decrypted in another. It is safe for concurrent use.
type Sealer interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// Engine runs payments. It is safe for concurrent use, by many goroutines and,
// on a storage that allows it, by many processes.
type Engine struct {
	cfg Config
	db  *storage.DB
	log *slog.Logger
	// identities are, by provider, the names of references that no two payments share.
	identities map[string]map[string]bool
}

// New returns an engine. It fails with [gateway.CodeInternal] when something is missing.
func New(cfg Config) (*Engine, error) {
	if cfg.Pools == nil || cfg.Storage == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "an engine needs Pools and Storage")
	}
	if err := checkHooks(cfg.Hooks); err != nil {
		return nil, err
	}
	if cfg.SendTimeout == 0 {
		cfg.SendTimeout = time.Minute
	}
	if cfg.LeaseMargin == 0 {
		cfg.LeaseMargin = 30 * time.Second
	}
	if cfg.ActionTime == 0 {
		cfg.ActionTime = time.Hour
	}
	if cfg.ReviewTime == 0 {
		cfg.ReviewTime = 14 * 24 * time.Hour
	}
	if cfg.Account == nil {
		cfg.Account = func(gateway.StoreID, string) string { return "" }
	}
	if cfg.Pay == "" {
		cfg.Pay = gateway.OpPurchase
	}
	if cfg.Limits == nil {
		cfg.Limits = func(gateway.StoreID, string) Limits { return Limits{} }
	}
	if cfg.NewID == nil {
		cfg.NewID = storage.NewID
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{cfg, cfg.Storage, cfg.Log, identities(cfg.Pools)}, nil
}

// NewPayment is what [Engine.Create] makes a payment of.
type NewPayment struct {
	Store  gateway.StoreID
	Key    string         // the caller's command key: the same key and parameters return the same payment
	Amount gateway.Money  // due
	Order  *gateway.Order // may be nil
	// Split says that other payments may pay parts of the same order (a voucher and
	// a card). Otherwise an order has one active payment: whoever begins to pay
	// with a second one is refused.
	Split bool
}

// Create makes a payment. Nothing is sent.
func (e *Engine) Create(ctx context.Context, n NewPayment) (gateway.Payment, error) {
	if err := checkKey(n.Store, n.Key); err != nil {
		return gateway.Payment{}, err
	}
	if err := n.Amount.Err(); err != nil {
		return gateway.Payment{}, err
	}
	if !n.Amount.IsPositive() {
		return gateway.Payment{}, gateway.Invalid("the amount due is %s: it must be more than nothing; to store an instrument without paying, use Verify", n.Amount)
	}
	row := storage.NewPayment{Store: n.Store, ID: gateway.PaymentID(e.cfg.NewID("pay")), Key: n.Key, Due: n.Amount, Split: n.Split}
	if n.Order != nil {
		row.Order = n.Order.Number
	}
	row.Fingerprint = fingerprint("payment", n.Amount.Currency(), n.Amount.Minor(), row.Order)
	var p gateway.Payment
	err := e.db.Update(ctx, func(tx *storage.Tx) (err error) {
		created := false
		if p, created, err = tx.InsertPayment(row); err != nil || !created || n.Order == nil {
			return err
		}
		return tx.SetDetail(n.Store, p.ID, "order", n.Order)
	})
	return p, err
}

// Payment returns what the ledger says of a payment.
func (e *Engine) Payment(ctx context.Context, store gateway.StoreID, id gateway.PaymentID) (p gateway.Payment, err error) {
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		p, err = tx.Payment(store, id)
		return err
	})
	return p, err
}

// Refresh asks the provider how a payment stands and records what it says:
// what happened elsewhere (a refund in the dashboard, a reversal, a dispute) is
// booked. provider may be "" when the payment has had one.
func (e *Engine) Refresh(ctx context.Context, store gateway.StoreID, id gateway.PaymentID, provider string) (gateway.Payment, error) {
	p, err := e.Payment(ctx, store, id)
	if err != nil {
		return p, err
	}
	if provider == "" {
		provider = providerOf(p)
	}
	pool := e.cfg.Pools.For(provider)
	out, err := pool.Get(gateway.OpFetch).Execute(ctx, gateway.Subject{
		Store: store, Payment: p, Target: refOf(p, provider, e.targetOf(provider, gateway.OpFetch)),
	})
	if err != nil {
		return p, err
	}
	if err := e.Record(ctx, Evidence{Store: store, Payment: id, Source: gateway.SourcePoll, Outcome: out}); err != nil {
		return p, err
	}
	return e.Payment(ctx, store, id)
}

// History returns a payment's operations and, by operation, every attempt at them, oldest first.
func (e *Engine) History(ctx context.Context, store gateway.StoreID, id gateway.PaymentID) (ops []storage.Operation, tries map[gateway.OperationID][]storage.Attempt, err error) {
	tries = map[gateway.OperationID][]storage.Attempt{}
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		if ops, err = tx.Operations(store, id); err != nil {
			return err
		}
		for _, o := range ops {
			if tries[o.ID], err = tx.Attempts(store, o.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return ops, tries, err
}
