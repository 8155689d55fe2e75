package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// pipe speaks the DevTools protocol over two pipes: JSON messages with a zero byte
// after each. A call has a number, and so has its answer; a message without one is
// an event of a session, which is one tab.
type pipe struct {
	to   io.WriteCloser
	from io.ReadCloser
	done chan struct{} // the browser hung up

	mu       sync.Mutex
	calls    int
	waiting  map[int]call
	sessions map[string]func(method string, params json.RawMessage)
}

// call is one that is not answered yet.
type call struct {
	session string
	answer  chan message
}

type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *failure        `json:"error,omitempty"`
}

type failure struct {
	Message string `json:"message"`
}

func newPipe(to io.WriteCloser, from io.ReadCloser) *pipe {
	p := &pipe{to: to, from: from, done: make(chan struct{}), waiting: map[int]call{}, sessions: map[string]func(string, json.RawMessage){}}
	go p.read()
	return p
}

// read hands every message to whom it is for until the browser hangs up.
func (p *pipe) read() {
	defer close(p.done)
	for from := bufio.NewReader(p.from); ; {
		raw, err := from.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(raw[:len(raw)-1], &m) != nil {
			continue // the caller that waits for it says what it waited for
		}
		p.mu.Lock()
		asked, hear := p.waiting[m.ID], p.sessions[m.Session]
		delete(p.waiting, m.ID)
		p.mu.Unlock()
		switch {
		case m.ID != 0 && asked.answer != nil:
			asked.answer <- m
		case m.ID == 0 && hear != nil:
			hear(m.Method, m.Params)
		}
	}
}

// hear has the events of a session told, one after the other. f must not call.
func (p *pipe) hear(session string, f func(method string, params json.RawMessage)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions[session] = f
}

// drop ends a session whose frame has gone: nobody answers what it was asked.
func (p *pipe) drop(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, session)
	for id, c := range p.waiting {
		if c.session == session {
			delete(p.waiting, id)
			c.answer <- message{Error: &failure{"the frame has gone"}}
		}
	}
}

// call makes one call and reads its answer into result, unless that is nil.
func (p *pipe) call(ctx context.Context, session, method string, params, result any) error {
	answer := make(chan message, 1)
	p.mu.Lock()
	p.calls++
	id := p.calls
	p.waiting[id] = call{session, answer}
	raw, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Session string `json:"sessionId,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
	}{id, session, method, params})
	if err == nil {
		_, err = p.to.Write(append(raw, 0))
	}
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-p.done:
		return fmt.Errorf("%s: %w", method, errGone)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

var errGone = errors.New("the browser has gone")
