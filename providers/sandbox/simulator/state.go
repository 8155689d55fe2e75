package simulator

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// state is everything the provider knows. It changes only through apply, with the
// same records that the journal holds: a restart replays them.
type state struct {
	offset      time.Duration // what Advance added to the clock
	counter     uint64        // ids given out
	payments    map[string]*payment
	order       []string           // payments, oldest first
	references  map[scope][]string // account and merchant reference → payments, oldest first
	owner       map[string]string  // capture, refund, dispute, challenge or authorization → payment
	instruments map[string]*instrument
	ledger      []Entry
	events      []*event // oldest first
	byEvent     map[string]*event
	sequence    map[string]int64 // events of each account
	keys        map[scope]*savedAnswer
	inFlight    map[scope]bool
	burned      map[scope]bool // keys that make nothing any more
	effects     map[string]int
	tasks       taskHeap
}

// scope is an idempotency key, or a merchant reference, of one account.
type scope struct {
	Account string `json:"account"`
	Key     string `json:"key"`
}

func newState() state {
	return state{
		payments: map[string]*payment{}, owner: map[string]string{}, instruments: map[string]*instrument{},
		references: map[scope][]string{}, byEvent: map[string]*event{}, sequence: map[string]int64{}, keys: map[scope]*savedAnswer{},
		inFlight: map[scope]bool{}, burned: map[scope]bool{}, effects: map[string]int{},
	}
}

// record is one atomic change: it is applied as a whole or not at all.
type record struct {
	Offset      time.Duration  `json:"offset,omitempty"` // in full, not the difference
	Counter     uint64         `json:"counter,omitempty"`
	Payments    []*payment     `json:"payments,omitempty"`
	Instruments []*instrument  `json:"instruments,omitempty"`
	Entries     []Entry        `json:"entries,omitempty"`
	Events      []*event       `json:"events,omitempty"`
	Acked       []string       `json:"acked,omitempty"`
	Keys        []*savedAnswer `json:"keys,omitempty"`
	Effects     []string       `json:"effects,omitempty"` // keys whose call had an effect
	Tasks       []*task        `json:"tasks,omitempty"`
	Done        []string       `json:"done,omitempty"`
	Burned      []scope        `json:"burned,omitempty"` // keys that make nothing any more
}

func (r *record) empty() bool {
	return len(r.Payments)+len(r.Instruments)+len(r.Entries)+len(r.Events)+len(r.Acked)+
		len(r.Keys)+len(r.Effects)+len(r.Tasks)+len(r.Done)+len(r.Burned) == 0 && r.Offset == 0
}

func (st *state) apply(r *record) {
	if r.Offset != 0 {
		st.offset = r.Offset
	}
	st.counter = max(st.counter, r.Counter)
	for _, p := range r.Payments {
		st.applyPayment(p)
	}
	for _, i := range r.Instruments {
		st.instruments[i.ID] = i
	}
	st.ledger = append(st.ledger, r.Entries...)
	for _, e := range r.Events {
		st.events = append(st.events, e)
		st.byEvent[e.ID] = e
		st.sequence[e.Account] = e.Sequence
	}
	for _, id := range r.Acked {
		if e := st.byEvent[id]; e != nil {
			e.acked = true
		}
	}
	for _, k := range r.Keys {
		st.keys[scope{k.Account, k.Key}] = k
	}
	for _, k := range r.Burned {
		st.burned[k] = true
	}
	for _, k := range r.Effects {
		st.effects[k]++
	}
	for _, t := range r.Tasks {
		heap.Push(&st.tasks, t)
		if t.Late != nil {
			st.inFlight[t.Late.scope()] = true
		}
	}
	for _, id := range r.Done {
		if t := st.tasks.remove(id); t != nil && t.Late != nil {
			delete(st.inFlight, t.Late.scope())
		}
	}
}

func (st *state) applyPayment(p *payment) {
	if st.payments[p.ID] == nil {
		st.order = append(st.order, p.ID)
		ref := scope{p.Account, p.Reference}
		st.references[ref] = append(st.references[ref], p.ID)
	}
	st.payments[p.ID] = p
	if p.Challenge != "" {
		st.owner[p.Challenge] = p.ID
	}
	for _, id := range p.Authorizations {
		st.owner[id] = p.ID
	}
	for _, x := range p.Captures {
		st.owner[x.ID] = p.ID
	}
	for _, x := range p.Refunds {
		st.owner[x.ID] = p.ID
	}
	for _, x := range p.Disputes {
		st.owner[x.ID] = p.ID
	}
}

// find returns the payment with this id, or the one owning this part.
func (st *state) find(id string) *payment {
	if p := st.payments[id]; p != nil {
		return p
	}
	return st.payments[st.owner[id]]
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
