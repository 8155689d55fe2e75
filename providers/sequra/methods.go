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
// for concurrent use; callers that ask at the same moment ask SeQura once.
type Methods struct {
	api  *API
	pool *command.Pool
	now  func() time.Time

	mu   sync.Mutex
	kept map[string]*keptMethods // by store and merchant
}

type keptMethods struct {
	mu    sync.Mutex // held while SeQura is asked
	all   []Category
	until time.Time
}

// NewMethods returns the methods of the stores that the provider knows. now may be nil.
func (a *API) NewMethods(pool *command.Pool, now func() time.Time) *Methods {
	if now == nil {
		now = time.Now
	}
	return &Methods{api: a, pool: pool, now: now, kept: map[string]*keptMethods{}}
}

// For returns a store's categories and their products. They are shared: change nothing.
func (m *Methods) For(ctx context.Context, store gateway.StoreID) ([]Category, error) {
	keys, err := m.api.keys(ctx, store)
	if err != nil {
		return nil, err
	}
	k := m.entry(string(store) + "\x00" + keys.Merchant)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.all) > 0 && m.now().Before(k.until) {
		return k.all, nil
	}
	out, err := m.pool.Get(OpMerchantMethods).Execute(ctx, gateway.Subject{Store: store})
	if err != nil {
		return nil, err
	}
	k.all, _ = MethodsAnswer.From(out.Extras)
	k.until = m.now().Add(Kept)
	return k.all, nil
}

// Forget asks anew at the next call, such as after the merchant changed its account.
func (m *Methods) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.kept)
}

func (m *Methods) entry(key string) *keptMethods {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept[key] == nil {
		m.kept[key] = &keptMethods{}
	}
	return m.kept[key]
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
