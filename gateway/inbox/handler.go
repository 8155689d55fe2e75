package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// Handler returns the handler of POST /webhooks/{provider}/{store}.
func (i *Inbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/{provider}/{store}", func(w http.ResponseWriter, r *http.Request) {
		i.serve(w, r, r.PathValue("provider"), gateway.StoreID(r.PathValue("store")))
	})
	return mux
}

// For returns a handler for one provider, on whatever route the application gives
// it. store names the store by the route, such as by its host. Its error is
// [gateway.CodeNotFound] for a route that names none, which is answered 404; after
// any other the sender is told to try again. It must not read the body: nobody has
// verified it.
func (i *Inbox) For(provider string, store func(r *http.Request) (gateway.StoreID, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		id, err := store(r)
		switch {
		case gateway.CodeOf(err) == gateway.CodeNotFound:
			id = ""
		case err != nil:
			i.answer(w, r, provider, "", i.cfg.Receivers[provider], webhook.CaseAgain, err)
			return
		}
		i.serve(w, r, provider, id)
	})
}

// Static returns a handler for a provider that allows one URL only and knows
// nothing of stores: what comes is for this store, and the verified event says
// which payment it is about.
func (i *Inbox) Static(provider string, store gateway.StoreID) http.Handler {
	return i.For(provider, func(*http.Request) (gateway.StoreID, error) { return store, nil })
}

// plausible reports whether a text from a route may be a store's name.
func plausible(store gateway.StoreID) bool {
	ok := len(store) > 0 && len(store) <= 128
	for i := range len(store) {
		c := store[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.", c) >= 0)
	}
	return ok
}

func (i *Inbox) serve(w http.ResponseWriter, r *http.Request, provider string, store gateway.StoreID) {
	receiver, known := i.cfg.Receivers[provider]
	if !known || !plausible(store) || i.cfg.KnowsStore != nil && !i.cfg.KnowsStore(r.Context(), store) {
		http.NotFound(w, r)
		return
	}
	c, err := i.take(w, r, provider, store, receiver)
	i.answer(w, r, provider, store, receiver, c, err)
}

// answer acknowledges a notification, or says why not.
func (i *Inbox) answer(w http.ResponseWriter, r *http.Request, provider string, store gateway.StoreID, receiver webhook.Receiver, c webhook.Case, err error) {
	if !c.Good() {
		i.log.WarnContext(r.Context(), "a notification was not taken", "provider", provider, "store", store, "case", c, "code", gateway.CodeOf(err), "detail", detail(err))
	}
	a := receiver.Answer(c, err)
	point("before the acknowledgement")
	for name, values := range a.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// take does everything before the answer. It does not panic.
func (i *Inbox) take(w http.ResponseWriter, r *http.Request, provider string, store gateway.StoreID, receiver webhook.Receiver) (c webhook.Case, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = webhook.CaseAgain, gateway.Errorf(gateway.CodeInternal, "taking a notification panicked")
			i.log.ErrorContext(r.Context(), "taking a notification panicked", "provider", provider, "store", store, "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		}
	}()
	call, err := i.read(w, r, store)
	if err != nil {
		return failed(err), err
	}
	// What was begun is finished, whether or not the sender still waits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), i.cfg.Patience)
	defer cancel()
	trust, err := receiver.Verify(ctx, call)
	if err != nil {
		return failed(err), told(err)
	}
	point("after the verification")
	events, err := receiver.Read(ctx, call, trust)
	if err != nil {
		return failed(err), told(err)
	}
	return i.receive(ctx, provider, store, events, trust)
}

// told makes an error of a verifier or a reader, which quotes nothing that came,
// one whose text may be logged.
func told(err error) error {
	if _, ours := errors.AsType[*gateway.Error](err); ours {
		return err
	}
	return gateway.Errorf(gateway.AsError(err, gateway.CodeInternal).Code, "%w", err)
}

// detail returns what of an error may be logged: what stands in those of this
// library. Others, such as a gate's, may quote anything, and so may the one that
// names an event of an unknown kind.
func detail(err error) string {
	if e, ours := errors.AsType[*gateway.Error](err); ours && e.Code != gateway.CodeUnsupported {
		return e.Detail
	}
	return ""
}

// failed returns the case of an error before anything was stored.
func failed(err error) webhook.Case {
	if c := webhook.CaseOf(err); c == webhook.CaseRefused || c == webhook.CaseMalformed || c == webhook.CaseUnknown || c == webhook.CaseNotFound {
		return c
	}
	return webhook.CaseAgain
}

// read takes the raw bytes, so many and no more.
func (i *Inbox) read(w http.ResponseWriter, r *http.Request, store gateway.StoreID) (webhook.Call, error) {
	if e := r.Header.Values("Content-Encoding"); len(e) > 0 && !strings.EqualFold(strings.Join(e, ","), "identity") {
		return webhook.Call{}, gateway.Invalid("the body is encoded: a few bytes could become many")
	}
	if r.ContentLength > i.cfg.MaxBody {
		return webhook.Call{}, gateway.Invalid("the body has more than %d bytes", i.cfg.MaxBody)
	}
	body, err := i.body(r.Context(), http.MaxBytesReader(w, r.Body, i.cfg.MaxBody))
	if errors.Is(err, errTooMany) {
		return webhook.Call{}, err
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return webhook.Call{}, gateway.Invalid("the body has more than %d bytes", i.cfg.MaxBody)
	}
	if err != nil {
		// The connection broke, or its time was over: the next time it may come.
		return webhook.Call{}, gateway.Errorf(gateway.CodeUnavailable, "the body did not come whole")
	}
	return webhook.Call{Store: store, Method: r.Method, URL: r.URL, Header: r.Header, Body: body}, nil
}

const (
	usual = 16 << 10 // bytes: what nearly every notification fits into
	large = 4        // how many larger bodies are read at once
)

// errTooMany is for a large body while enough others are read: a flood of them
// must not fill the memory.
var errTooMany = gateway.Errorf(gateway.CodeUnavailable, "too many large bodies are being read")

// body reads a body. One that is larger than usual waits for its turn.
func (i *Inbox) body(ctx context.Context, r io.Reader) ([]byte, error) {
	first, err := io.ReadAll(io.LimitReader(r, usual))
	if err != nil || len(first) < usual {
		return first, err
	}
	wait, cancel := context.WithTimeout(ctx, i.cfg.Patience)
	defer cancel()
	select {
	case i.larger <- struct{}{}:
		defer func() { <-i.larger }()
	case <-wait.Done():
		return nil, errTooMany
	}
	whole := bytes.NewBuffer(make([]byte, 0, i.cfg.MaxBody+bytes.MinRead)) // at once: growing would cost as much again
	whole.Write(first)
	_, err = whole.ReadFrom(r)
	return whole.Bytes(), err
}
