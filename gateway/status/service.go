package status

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Service answers shoppers. It is safe for concurrent use. Several processes on
// one storage each have their own.
type Service struct {
	cfg    Config
	hub    *hub
	client asset
	watch  *watch
	lost   chan struct{} // word of changes may have been lost
}

// New returns a service. It starts nothing; [Service.Run] lets it hear of changes.
// The error is [gateway.CodeInternal] when the configuration cannot work.
func New(cfg Config) (*Service, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, client: newAsset(clientSource), lost: make(chan struct{}, 1), watch: &watch{}}
	s.hub = newHub(cfg.MaxWaiters, cfg.MaxPerPayment, s.load)
	return s, nil
}

// load reads a payment and makes what all who wait for it are told.
func (s *Service) load(ctx context.Context, key storage.PaymentKey) (*told, error) {
	v, version, err := s.read(ctx, key)
	if err != nil {
		if gateway.CodeOf(err) != gateway.CodeNotFound {
			s.cfg.Log.ErrorContext(ctx, "a payment could not be read for its shopper", "store", key.Store, "payment", key.Payment, "error", err)
		}
		return nil, err
	}
	return s.tell(v, version), nil
}

// Run hears of changes until ctx ends, and returns nil then. While it does not
// run, held requests end with their time only.
func (s *Service) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		_ = s.cfg.Storage.Follow(ctx, func(changed []storage.PaymentKey) {
			if changed != nil {
				s.hub.changed(changed)
				return
			}
			select {
			case s.lost <- struct{}{}:
			default: // it will look
			}
		})
	})
	tick := time.NewTicker(s.cfg.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.lost:
		}
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "the versions of payments could not be compared", "error", err)
		}
	}
}

// look has those payments read whose version is not the one that was read.
func (s *Service) look(ctx context.Context) error {
	known := s.hub.look()
	if len(known) == 0 {
		return nil
	}
	stores := map[gateway.StoreID][]gateway.PaymentID{}
	for k := range known {
		stores[k.Store] = append(stores[k.Store], k.Payment)
	}
	var errs []error
	for store, ids := range stores {
		var now map[gateway.PaymentID]int64
		err := s.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) { now, err = tx.PaymentVersions(store, ids); return err })
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var changed []storage.PaymentKey
		for _, id := range ids {
			if key := (storage.PaymentKey{Store: store, Payment: id}); now[id] != known[key] {
				changed = append(changed, key)
			}
		}
		s.hub.changed(changed)
	}
	return errors.Join(errs...)
}

// Waiters returns how many requests are held.
func (s *Service) Waiters() int { return s.hub.waiters() }

// Shutdown answers every held request with the status as it is, ends the streams
// and holds no more: later requests are told to come again. It returns when all
// are answered. When ctx ends before, the error is [gateway.CodeUnavailable].
func (s *Service) Shutdown(ctx context.Context) error {
	err := s.hub.close(ctx)
	if err == nil {
		s.watch.close()
	}
	return err
}

// Handler answers all paths of the package, below the root; mount it with
// http.StripPrefix. It sends no CORS headers: the page is of the same origin.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", s.Poll)
	mux.HandleFunc("GET /v1/payments/{token}", s.Payment)
	mux.HandleFunc("GET /v1/payments/{token}/events", s.Events)
	mux.HandleFunc("GET /v1/payments/{token}/frame", s.Frame)
	mux.HandleFunc("GET /v1/{asset}", s.Client)
	return mux
}
