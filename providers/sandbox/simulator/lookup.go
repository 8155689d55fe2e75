package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ownPayment finds a payment of the caller's account without changing it.
func (s *Server) ownPayment(q *request, what string) (*payment, error) {
	p := s.find(q.id)
	if p == nil || p.Account != q.account {
		return nil, notFound(what, q.id)
	}
	return p, nil
}

// getPayment is GET /v1/payments/{id}.
func (s *Server) getPayment(_ *change, q *request) (answer, error) {
	p, err := s.ownPayment(q, "payment")
	if err != nil {
		return answer{}, err
	}
	if p.ID != q.id {
		return answer{}, notFound("payment", q.id)
	}
	return jsonAnswer(http.StatusOK, p.snapshot()), nil
}

// getCapture is GET /v1/captures/{id}.
func (s *Server) getCapture(_ *change, q *request) (answer, error) {
	p, err := s.ownPayment(q, "capture")
	if err != nil {
		return answer{}, err
	}
	if p.captureByID(q.id) == nil {
		return answer{}, notFound("capture", q.id)
	}
	return jsonAnswer(http.StatusOK, p.captureView(q.id)), nil
}

// getRefund is GET /v1/refunds/{id}.
func (s *Server) getRefund(_ *change, q *request) (answer, error) {
	p, err := s.ownPayment(q, "refund")
	if err != nil {
		return answer{}, err
	}
	if p.refundByID(q.id) == nil {
		return answer{}, notFound("refund", q.id)
	}
	return jsonAnswer(http.StatusOK, p.refundView(q.id)), nil
}

// page is a list as the API shows it, oldest first.
type page[T any] struct {
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
	Next    string `json:"next"` // the after of the following page, empty on the last
}

// pick takes one page out of what follows the id after.
func pick[S, T any](all []S, after string, limit int, id func(S) string, want func(S) bool, show func(S) T) (page[T], error) {
	p := page[T]{Data: []T{}}
	started, last := after == "", ""
	for _, x := range all {
		if !started {
			started = id(x) == after
			continue
		}
		if !want(x) {
			continue
		}
		if len(p.Data) == limit {
			p.HasMore, p.Next = true, last
			break
		}
		p.Data = append(p.Data, show(x))
		last = id(x)
	}
	if !started {
		return p, badRequest("query_invalid", "after", "no object %q", after)
	}
	return p, nil
}

// listPayments is GET /v1/payments: filtered, oldest first. What is younger than
// Rules.LookupLag is not in the index yet.
func (s *Server) listPayments(_ *change, q *request) (answer, error) {
	v, err := readQuery(q.query, "reference", "created_from", "created_to", "limit", "after")
	if err != nil {
		return answer{}, err
	}
	visible := s.now().Add(-s.cfg.Rules.LookupLag)
	ids := s.order
	if q.query.Has("reference") {
		ids = s.references[scope{q.account, q.query.Get("reference")}]
	}
	got, err := pick(ids, v.after, v.limit,
		func(id string) string { return id },
		func(id string) bool {
			p := s.payments[id]
			return p.Account == q.account && !p.Created.After(visible) &&
				(v.from.IsZero() || !p.Created.Before(v.from)) && (v.to.IsZero() || p.Created.Before(v.to))
		},
		func(id string) Payment { return s.payments[id].snapshot() })
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, got), nil
}

type listQuery struct {
	after    string
	limit    int
	from, to time.Time
}

// readQuery reads the query of a list strictly: unknown or repeated parameters are
// refused, since a filter that is ignored shows too much.
func readQuery(q url.Values, known ...string) (listQuery, error) {
	v := listQuery{after: q.Get("after"), limit: 20}
	for _, name := range sortedKeys(q) {
		ok := false
		for _, k := range known {
			ok = ok || k == name
		}
		if !ok || len(q[name]) != 1 {
			return v, badRequest("query_invalid", name, "the parameter is unknown or repeated")
		}
	}
	var err error
	if q.Has("limit") {
		if v.limit, err = strconv.Atoi(q.Get("limit")); err != nil || v.limit < 1 || v.limit > 100 {
			return v, badRequest("query_invalid", "limit", "the limit is from 1 to 100")
		}
	}
	for name, at := range map[string]*time.Time{"created_from": &v.from, "created_to": &v.to} {
		if !q.Has(name) {
			continue
		}
		if *at, err = time.Parse(time.RFC3339, q.Get(name)); err != nil {
			return v, badRequest("query_invalid", name, "the time is written as RFC 3339 says")
		}
	}
	return v, nil
}
