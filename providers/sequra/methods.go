package sequra

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/method"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Kept is how long [Methods] believes a list: an hour, as integration-core does.
const Kept = 3600 * time.Second

// Methods are what a merchant can offer, asked for once an hour and store. Lists
// that are empty are not kept: the account may just have been opened. It is safe
// for concurrent use; callers that ask at the same moment ask SeQura once, and
// share its refusal as well: a SeQura that is slow to fail holds up none of them
// for longer than one call takes.
type Methods struct {
	api  *API
	pool *command.Pool
	now  func() time.Time

	mu   sync.Mutex
	kept map[string]*keptMethods // by store and merchant
}

// keptMethods is one merchant's list. The lock of [Methods] guards it.
type keptMethods struct {
	all    []Category
	until  time.Time
	asking *asking // nil: nobody asks
}

// asking is one question to SeQura, for all who wait for its answer.
type asking struct {
	done chan struct{} // closed when what follows is there
	all  []Category
	err  error
	gone bool // who asked did not wait for the answer: it says nothing to others
}

// NewMethods returns the methods of the stores that the provider knows. now may be nil.
func (a *API) NewMethods(pool *command.Pool, now func() time.Time) *Methods {
	if now == nil {
		now = time.Now
	}
	return &Methods{api: a, pool: pool, now: now, kept: map[string]*keptMethods{}}
}

// For returns a store's categories and their products. They are shared: change
// nothing. It waits no longer than ctx does, [gateway.CodeUnavailable].
func (m *Methods) For(ctx context.Context, store gateway.StoreID) ([]Category, error) {
	keys, err := m.api.keys(ctx, store)
	if err != nil {
		return nil, err
	}
	for {
		all, others, k := m.find(string(store) + "\x00" + keys.Merchant)
		switch {
		case len(all) > 0:
			return all, nil
		case others == nil:
			return m.ask(ctx, store, k)
		}
		select {
		case <-others.done:
			if !others.gone {
				return others.all, others.err
			}
		case <-ctx.Done():
			return nil, gateway.Errorf(gateway.CodeUnavailable, "SeQura did not say in time what it offers: %w", ctx.Err())
		}
	}
}

// find returns what is known, or who asks; where neither is there, the caller asks.
func (m *Methods) find(key string) (all []Category, others *asking, k *keptMethods) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k = m.kept[key]; k == nil {
		k = &keptMethods{}
		m.kept[key] = k
	}
	if len(k.all) > 0 && m.now().Before(k.until) {
		return k.all, nil, k
	}
	if others = k.asking; others == nil {
		k.asking = &asking{done: make(chan struct{})}
	}
	return nil, others, k
}

// ask asks SeQura, and tells all who wait.
func (m *Methods) ask(ctx context.Context, store gateway.StoreID, k *keptMethods) (all []Category, err error) {
	answered := false // not, if the asking panics
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		a := k.asking
		a.all, a.err, a.gone = all, err, !answered || err != nil && ctx.Err() != nil
		if k.asking = nil; answered && err == nil {
			k.all, k.until = all, m.now().Add(Kept)
		}
		close(a.done)
	}()
	out, err := m.pool.Get(OpMerchantMethods).Execute(ctx, gateway.Subject{Store: store})
	if err == nil {
		all, _ = MethodsAnswer.From(out.Extras)
	}
	answered = true
	return all, err
}

// Forget asks anew at the next call, such as after the merchant changed its account.
func (m *Methods) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.kept)
}

// Terms say for what a merchant's methods are asked.
type Terms struct {
	Amount  gateway.Money // zero for none
	Country string        // "" for none
}

// AskedFor is the extra that tells [OpMerchantMethods] the terms.
var AskedFor = gateway.NewExtra[Terms]("sequra.terms")

func asked(s gateway.Subject, doc *request.Document) {
	t, given := AskedFor.From(s.Extras)
	if !given {
		return
	}
	if t.Amount.IsSet() {
		doc.Text("amount", strconv.FormatInt(t.Amount.Minor(), 10))
		doc.Text("currency", t.Amount.Currency())
	}
	doc.OptText("country", t.Country)
}

// Available returns the rules by which SeQura can be offered at all: euros, and
// more of the shop's own, such as countries and amounts. They ask nobody.
func Available(more ...method.Rule) method.Method {
	return method.Method{Name: "sequra", Title: "SeQura", Rules: append([]method.Rule{method.Currencies(currency)}, more...)}
}
