package engine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mutant is the engine with one mistake that such engines make.
type mutant struct {
	name     string
	file     string // in this folder, or beside it
	old, new string // old stands in the file once
	killers  string // the tests that must notice
	in       string // their package; "" is this one
	seeds    string // how many of the lying provider; "" is 60
}

const (
	everyLie = "EveryLie|Lying|TestAFlow|TestAnAdjustment"
	killing  = "KilledAnywhere"
	theInbox = "../inbox"
)

// mutants are the eleven of the calibration in reliability.md and those of the payment model.
var mutants = []mutant{
	{
		name: "no write-ahead", file: "perform.go", killers: killing,
		old: "			return tx.ClaimStep(step, digest, tx.Now().Add(e.lease()))\n",
		new: "			return nil\n",
	},
	{
		name: "a fresh key for every try", file: "perform.go", killers: everyLie,
		old: "	s.IdempotencyKey = step.Key\n",
		new: "	s.IdempotencyKey = string(rune('a'+step.Sends%26)) + step.Key[1:]\n",
	},
	{
		name: "a time-out means failed", file: "judge.go", killers: everyLie,
		old: "	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:\n		return unknown()\n",
		new: "	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:\n		if strings.Contains(f.err.Error(), \"before the answer\") {\n			return refused()\n		}\n		return unknown()\n",
	},
	{
		name: "a renewal taken for nothing happened", file: "judge.go", killers: "Renewal|Renewed",
		old: "	if before, is := renews(o, step); is { ",
		new: "	if before, is := renews(o, step); is && p.Balances.Authorized != o.Amount { ",
	},
	{
		name: "a renewed hold is taken by its old name", file: "perform.go", killers: "OldName|Renewed",
		old: " && !supersedes(p, owner, value, r.Value) {",
		new: " && !supersedes(p, owner, value, \"\") {",
	},
	{
		name: "a server error means failed", file: "judge.go", killers: everyLie,
		old: "	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:\n		return unknown()\n",
		new: "	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:\n		if strings.Contains(f.err.Error(), \"status 5\") {\n			return refused()\n		}\n		return unknown()\n",
	},
	{
		name: "an answer that cannot be read means failed", file: "judge.go", killers: everyLie,
		old: "	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:\n		return unknown()\n",
		new: "	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:\n		if strings.Contains(f.err.Error(), \"cannot be read\") {\n			return refused()\n		}\n		return unknown()\n",
	},
	{
		name: "what was being sent at a crash is sent again", file: "resolve.go", killers: killing,
		old: "finding{err: gateway.Errorf(gateway.CodeIndeterminate, \"the process that made the call did not come back\"), sent: true})",
		new: "finding{err: gateway.Errorf(gateway.CodeUnavailable, \"the process that made the call did not come back\")})",
	},
	{
		name: "the state in one commit and the money in the next", file: "settle.go", killers: killing,
		old: "		if err := e.book(tx, &p, &o, all, f); err != nil {\n			return err\n		}\n		if f.lookup &&",
		new: "		defer func() {\n			late := f\n			go func() {\n				time.Sleep(5 * time.Millisecond)\n				_ = e.db.Update(ctx, func(tx *storage.Tx) error {\n					p, err := tx.LockPayment(o.Store, o.Payment)\n					if err != nil {\n						return err\n					}\n					return e.book(tx, &p, &o, all, late)\n				})\n			}()\n		}()\n		if f.lookup &&",
	},
	{
		name: "evidence that comes twice is booked twice", file: "../storage/movement.go", killers: everyLie + "|Elsewhere|LifeIs",
		old: "	return m.Reference\n}",
		new: "	return m.Reference + string(m.Source)\n}",
	},
	{
		name: "not found means failed", file: "judge.go", killers: everyLie,
		old: "		v.state = gateway.StateUnknown\n	}\n	v.checks++",
		new: "		v.state = gateway.StateFailed\n	}\n	v.checks++",
	},
	{
		name: "not found once means send again", file: "resolve.go", killers: "Lying", seeds: "400",
		old: "	past := endpoint.LateEffectMax > 0 && since > horizon\n",
		new: "	past := since >= 0*horizon\n",
	},
	{
		name: "another amount is believed", file: "perform.go", killers: everyLie,
		old: "	return asked.IsSet() && slices.ContainsFunc(",
		new: "	return false && slices.ContainsFunc(",
	},
	{
		name: "already done means failed", file: "judge.go", killers: "AlreadyDone",
		old: "	case step.Doubt && !again:\n",
		new: "	case false && again:\n",
	},
	{
		name: "an event of others is booked while ours is open", file: "settle.go", killers: "Elsewhere|Waits|StillOpen",
		old: "		if rules[o.Kind].moves == m.Kind {\n			return true",
		new: "		if rules[o.Kind].moves == m.Kind {\n			return false",
	},
	{
		name: "one key for two calls", file: "request.go", killers: everyLie + "|Spread",
		old: "string(o.ID), string(name), strconv.FormatInt(number, 10),",
		new: "string(o.ID), string(o.Kind[:0]), string(name[:0]), strconv.FormatInt(number*0, 10),",
	},
	{
		name: "accepted is taken for done", file: "judge.go", killers: "H1|Review|Accepted|Async",
		old: "		v.state, v.action = gateway.StateAwaiting, f.out.Action\n",
		new: "		v.state, v.action = gateway.StateSucceeded, f.out.Action\n",
	},
	{
		name: "a late failure is ignored", file: "settle.go", killers: "FailsAfterwards|Chargeback",
		old: "		if waits(m, o, open) || held",
		new: "		if m.Kind == gateway.MoveReversal {\n			continue\n		}\n		if waits(m, o, open) || held",
	},
	{
		name: "a call with an effect is sent again blindly", file: "resolve.go", killers: everyLie,
		old: "	case endpoint.Effect == gateway.EffectNone,\n",
		new: "	case true,\n",
	},
	{
		name: "a balance without its movement", file: "settle.go", killers: everyLie + "|LifeIs",
		old: "		added, err := tx.InsertMovement(p.Store, p.ID, m)\n",
		new: "		added, err := true, error(nil)\n",
	},
	{
		name: "a refund is taken from one capture only", file: "allocate.go", killers: "Spread",
		old: "take := min(rest, left(m.Reference)); m.Kind",
		new: "take := rest; m.Kind",
	},
	{
		name: "money is reserved without looking", file: "../storage/payment.go", killers: "CapturesAtOnce|BadRequests|Race|NeverTake",
		old: "		AND COALESCE(capture_limit, authorized) - released - captured - capturing - releasing >= $4`,",
		new: "		AND $4 >= 0`,",
	},
	{
		name: "what has ended can change", file: "settle.go", killers: everyLie + "|Abandoned|Elsewhere",
		old: "	if o.State.Terminal() {\n		return false, nil // the money is booked; the operation stays as it ended\n	}\n",
		new: "",
	},
	{
		name: "other bytes under one key", file: "../storage/operation.go", killers: "TestStorage", in: "../storage/sqlite",
		old: "state = $9 AND (digest = '' OR digest = $10)`",
		new: "state = $9 AND (digest <> '-' OR digest = $10)`",
	},
	{
		name: "another payment's name is believed", file: "identity.go", killers: "Lying",
		old: "		if !found || other == p.ID {\n			continue",
		new: "		if !found || other != \"\" {\n			continue",
	},
	{
		name: "what a flow has done is not recognized", file: "flow.go", killers: everyLie,
		old: "		if m.Operation == o.ID && m.Kind == moves && moves != \"\" {\n			return true",
		new: "		if m.Operation == o.ID && m.Kind == moves && moves != \"\" {\n			return false",
	},
	{
		name: "what is abandoned is not cancelled at the provider", file: "waiting.go", killers: "Abandoned",
		old: "	result, err := e.perform(ctx, gateway.OpCancel, r)\n",
		new: "	result, err := Result{Operation: storage.Operation{State: gateway.StateSucceeded}}, e.end(ctx, o, gateway.StateCancelled, gateway.CodeConflict, r.Key)\n",
	},
	{
		name: "a caller who gives up takes the call with it", file: "perform.go", killers: "GivesUp",
		old: "	send, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.SendTimeout)\n	defer cancel()\n	started := e.db.Now()\n	out, err := e.cfg.Pools.For(o.Provider).Get(step.Name)",
		new: "	send, cancel := context.WithTimeout(ctx, e.cfg.SendTimeout)\n	defer cancel()\n	started := e.db.Now()\n	out, err := e.cfg.Pools.For(o.Provider).Get(step.Name)",
	},
	{
		name: "two payments pay one order", file: "begin.go", killers: "OneOrder",
		old: "	if err == nil && found {\n		err = gateway.Errorf(gateway.CodeConflict, \"order",
		new: "	if err == nil && found && other == p.ID {\n		err = gateway.Errorf(gateway.CodeConflict, \"order",
	},
	{
		name: "a hold is believed while it is cancelled by its key", file: "revoke.go", killers: "EvidenceOfAHold",
		old: "	return step.Sends > 0 && step.State",
		new: "	return step.Sends > 99 && step.State",
	},
	{
		name: "a gate is not resumed", file: "../inbox/work.go", killers: "GateIsResumed", in: theInbox,
		old: "	if item.Gate == storage.GateNeeded {\n		if err := i.pass(",
		new: "	if item.Gate == storage.GateNeeded && item.State != storage.InboxGating {\n		if err := i.pass(",
	},
	{
		name: "that a gate was passed is not written down", file: "../inbox/work.go", killers: "W6", in: theInbox,
		old: "	item.Due = i.lease(*item, i.db.Now())\n	return i.move(ctx, item, true)\n",
		new: "	item.Due = i.lease(*item, i.db.Now())\n	return nil\n",
	},
	{
		name: "a notification is acknowledged that was not stored", file: "../inbox/receive.go", killers: "FaultOfOurs|WaitsTooLong", in: theInbox,
		old: "	if err != nil {\n		return webhook.CaseAgain, err\n	}\n	point(",
		new: "	if err != nil {\n		return webhook.CaseDone, nil\n	}\n	point(",
	},
	{
		name: "a forgery is read", file: "../inbox/handler.go", killers: "W1", in: theInbox,
		old: "	trust, err := receiver.Verify(ctx, call)\n	if err != nil {\n		return failed(err), told(err)\n	}\n",
		new: "	trust, err := receiver.Verify(ctx, call)\n	if err != nil {\n		trust = webhook.Proved\n	}\n",
	},
	{
		name: "an early event is dropped", file: "../inbox/work.go", killers: "EarlyEvent", in: theInbox,
		old: "		item.State = storage.InboxWaiting\n		return errors.Join(err, i.waitOrGiveUp(ctx, item, err))\n	case err != nil:\n",
		new: "		return i.end(ctx, item, storage.InboxForeign)\n	case err != nil:\n",
	},
	{
		name: "a notification's amount is believed", file: "../inbox/apply.go", killers: "W5|AnotherAmount", in: theInbox,
		old: "	if i.eng.CanLook(item.Provider) {\n",
		new: "	if ev.Fetch && i.eng.CanLook(item.Provider) {\n",
	},
	{
		name: "a notification of an open operation is done with", file: "../inbox/apply.go", killers: "WaitsForAnOperation|BothLedgers", in: theInbox,
		old: "	case len(open) > 0 && (missing || code != \"\"):\n",
		new: "	case len(open) > 99 && (missing || code != \"\"):\n",
	},
	{
		name: "whoever makes up an id takes it away", file: "../inbox/evidence.go", killers: "NobodyTakes", in: theInbox,
		old: "		i.Event += \"#\" + i.Digest[:16]\n",
		new: "		i.Event += i.Digest[:0]\n",
	},
	{
		name: "an event that is refunded before its capture is a contradiction", file: "../inbox/apply.go", killers: "W3", in: theInbox,
		old: "	if tooEarly(p, ev.Movements) && ",
		new: "	if tooEarly(p, ev.Movements[:0]) && ",
	},
}

// apply returns the mutated source.
func (m mutant) apply(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(m.file)
	require.NoError(t, err)
	source := string(raw)
	require.Equal(t, 1, strings.Count(source, m.old), "%s: the code that it changes must stand once in %s", m.name, m.file)
	source = strings.Replace(source, m.old, m.new, 1)
	for _, lib := range []string{"strings", "time"} { // that a mistake uses
		if strings.Contains(m.new, lib+".") && !strings.Contains(source, `	"`+lib+`"`) {
			source = strings.Replace(source, "import (\n", "import (\n\t\""+lib+"\"\n", 1)
		}
	}
	_, err = parser.ParseFile(token.NewFileSet(), m.file, source, 0)
	require.NoError(t, err, m.name)
	return source
}

// dies runs the killers on the mutant and reports whether one of them noticed.
func (m mutant) dies(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	original, err := filepath.Abs(m.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(changed, []byte(m.apply(t)), 0o600))
	raw, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, raw, 0o600))
	in := m.in
	if in == "" {
		in = "."
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-run", m.killers, "-count=1", "-failfast", "-timeout", "4m", in)
	cmd.Env = append(os.Environ(), "ENGINE_SEEDS="+cmp.Or(m.seeds, "60"))
	out, err := cmd.CombinedOutput()
	text := string(out)
	require.NotContains(t, text, "[build failed]", "%s does not compile\n%s", m.name, text)
	require.NotContains(t, text, "no tests to run", "%s: nobody is there to notice", m.name)
	assert.Error(t, err, "the mutant lives: %s", m.name)
	assert.Contains(t, text, "FAIL", m.name)
}

// E5: every mistake of the list is noticed by the tests that are named for it.
// That takes minutes: ENGINE_MUTANTS=all does it. Otherwise one mutant is killed,
// and the others must still be what the code can be changed into.
func TestEveryMutantIsKilled(t *testing.T) {
	all := os.Getenv("ENGINE_MUTANTS")
	require.GreaterOrEqual(t, len(mutants), 20)
	for i, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			if all == "all" || all == m.name || all == "" && i == 1 {
				m.dies(t)
				return
			}
			assert.NotEmpty(t, m.apply(t))
		})
	}
}
