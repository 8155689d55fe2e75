package gateway_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func eur(n int64) gateway.Money { return gateway.Minor(n, "EUR") }

func move(kind gateway.MovementKind, n int64, ref, parent string) gateway.Movement {
	return gateway.Movement{Kind: kind, Amount: eur(n), Reference: ref, Parent: parent, Provider: "p"}
}

func undo(kind gateway.MovementKind, n int64, parent string, seq int) gateway.Movement {
	return gateway.Movement{Kind: gateway.MoveReversal, Reverses: kind, Amount: eur(n), Reference: parent, Parent: parent, Provider: "p", Sequence: seq}
}

// The cases of the payment model: what moved, and the headline and rests that follow.
func TestMovementsFoldIntoBalancesAndAHeadline(t *testing.T) {
	t.Parallel()
	hold := move(gateway.MoveHold, 1000, "a", "")
	again := move(gateway.MoveCapture, 1000, "c", "a")
	again.Sequence = 2
	adjust := move(gateway.MoveAdjust, 1500, "adj", "a")
	for name, c := range map[string]struct {
		moves                              []gateway.Movement
		closed                             bool
		status                             gateway.PaymentStatus
		capturable, refundable, releasable int64
	}{
		"nothing":                      {nil, false, gateway.PaymentNew, 0, 0, 0},
		"held":                         {[]gateway.Movement{hold}, false, gateway.PaymentAuthorized, 1000, 0, 1000},
		"held, told twice":             {[]gateway.Movement{hold, hold}, false, gateway.PaymentAuthorized, 1000, 0, 1000},
		"raised":                       {[]gateway.Movement{adjust, hold}, false, gateway.PaymentAuthorized, 1500, 0, 1500},
		"voided":                       {[]gateway.Movement{hold, move(gateway.MoveRelease, 1000, "r", "a")}, true, gateway.PaymentVoided, 0, 0, 0},
		"partly captured":              {[]gateway.Movement{hold, move(gateway.MoveCapture, 400, "c", "a")}, false, gateway.PaymentPartiallyCaptured, 600, 400, 600},
		"partly captured, rest freed":  {[]gateway.Movement{hold, move(gateway.MoveCapture, 400, "c", "a"), move(gateway.MoveRelease, 600, "r", "a")}, false, gateway.PaymentCaptured, 0, 400, 0},
		"partly captured and closed":   {[]gateway.Movement{hold, move(gateway.MoveCapture, 400, "c", "a")}, true, gateway.PaymentCaptured, 0, 400, 600},
		"captured":                     {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a")}, false, gateway.PaymentCaptured, 0, 1000, 0},
		"bought at once":               {[]gateway.Movement{move(gateway.MoveCapture, 1000, "c", "")}, false, gateway.PaymentCaptured, 0, 1000, 0},
		"captured twice":               {[]gateway.Movement{hold, move(gateway.MoveCapture, 400, "c1", "a"), move(gateway.MoveCapture, 600, "c2", "a")}, false, gateway.PaymentCaptured, 0, 1000, 0},
		"partly refunded":              {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), move(gateway.MoveRefund, 300, "f", "c")}, false, gateway.PaymentPartiallyRefunded, 0, 700, 0},
		"refunded":                     {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), move(gateway.MoveRefund, 1000, "f", "c")}, false, gateway.PaymentRefunded, 0, 0, 0},
		"refund failed later":          {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), move(gateway.MoveRefund, 1000, "f", "c"), undo(gateway.MoveRefund, 1000, "f", 1)}, false, gateway.PaymentCaptured, 0, 1000, 0},
		"capture failed later":         {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), undo(gateway.MoveCapture, 1000, "c", 1)}, false, gateway.PaymentAuthorized, 1000, 0, 1000},
		"captured, failed, recaptured": {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), undo(gateway.MoveCapture, 1000, "c", 1), again}, false, gateway.PaymentCaptured, 0, 1000, 0},
		"charged back":                 {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), move(gateway.MoveChargeback, 1000, "b", "c")}, false, gateway.PaymentChargedBack, 0, 0, 0},
		"dispute won":                  {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), move(gateway.MoveChargeback, 1000, "b", "c"), undo(gateway.MoveChargeback, 1000, "b", 1)}, false, gateway.PaymentCaptured, 0, 1000, 0},
		"refunded and charged back":    {[]gateway.Movement{hold, move(gateway.MoveCapture, 1000, "c", "a"), move(gateway.MoveRefund, 400, "f", "c"), move(gateway.MoveChargeback, 600, "b", "c")}, false, gateway.PaymentChargedBack, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := gateway.Fold("EUR", c.moves)
			require.NoError(t, err)
			p := gateway.Payment{Due: eur(1000), Balances: b, Closed: c.closed, Movements: c.moves}
			assert.Equal(t, c.status, p.Status())
			assert.Equal(t, eur(c.capturable), p.Capturable(), "capturable")
			assert.Equal(t, eur(c.refundable), p.Refundable(), "refundable")
			assert.Equal(t, eur(c.releasable), p.Releasable(), "releasable")
		})
	}
}

func TestContradictingMovementsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves []gateway.Movement
		code  gateway.Code
	}{
		"two amounts for one fact": {[]gateway.Movement{move(gateway.MoveHold, 1, "a", ""), move(gateway.MoveHold, 2, "a", "")}, gateway.CodeConflict},
		"another currency":         {[]gateway.Movement{{Kind: gateway.MoveHold, Amount: gateway.Minor(1, "USD"), Reference: "a"}}, gateway.CodeInvalid},
		"negative":                 {[]gateway.Movement{move(gateway.MoveHold, -1, "a", "")}, gateway.CodeInvalid},
		"unknown kind":             {[]gateway.Movement{move("gift", 1, "a", "")}, gateway.CodeInvalid},
		"reversal of nothing":      {[]gateway.Movement{undo(gateway.MoveCapture, 1, "c", 1)}, gateway.CodeInvalid},
		"reversal of a reversal":   {[]gateway.Movement{undo(gateway.MoveReversal, 1, "c", 1)}, gateway.CodeInvalid},
		"overflow":                 {[]gateway.Movement{move(gateway.MoveHold, math.MaxInt64, "a", ""), move(gateway.MoveHold, 1, "b", "")}, gateway.CodeInvalid},
	} {
		_, err := gateway.Fold("EUR", c.moves)
		assert.Equal(t, c.code, gateway.CodeOf(err), name)
	}
	_, err := gateway.Fold("EURO", nil)
	require.ErrorIs(t, err, gateway.CodeInvalid)
}

// The set of evidence folds to one result, whatever arrives first and how often.
func TestTheOrderAndRepetitionOfEvidenceDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds := []gateway.MovementKind{gateway.MoveHold, gateway.MoveRelease, gateway.MoveCapture, gateway.MoveRefund, gateway.MoveChargeback, gateway.MoveAdjust}
		n := rapid.IntRange(0, 12).Draw(t, "n")
		var moves []gateway.Movement
		for i := range n {
			m := move(rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.Int64Range(0, 1_000_000).Draw(t, "amount"), string(rune('a'+i)), "a")
			m.At = time.Unix(rapid.Int64Range(0, 5).Draw(t, "at"), 0)
			m.Sequence = i
			moves = append(moves, m)
		}
		want, wantErr := gateway.Fold("EUR", moves)
		shuffled := rapid.Permutation(append(append([]gateway.Movement(nil), moves...), moves...)).Draw(t, "order")
		got, err := gateway.Fold("EUR", shuffled)
		if (err == nil) != (wantErr == nil) || got != want {
			t.Fatalf("%v, %v\nis not\n%v, %v", got, err, want, wantErr)
		}
	})
}

func TestReservationsAndLimitsCount(t *testing.T) {
	t.Parallel()
	b, err := gateway.Fold("EUR", []gateway.Movement{move(gateway.MoveHold, 1000, "a", ""), move(gateway.MoveCapture, 300, "c1", "a"), move(gateway.MoveCapture, 200, "c2", "a"), move(gateway.MoveRefund, 50, "f", "c1")})
	require.NoError(t, err)
	p := gateway.Payment{Due: eur(1000), Balances: b, Reserved: gateway.Reservations{Capturing: eur(100), Releasing: eur(50), Refunding: eur(20)}}
	assert.Equal(t, eur(350), p.Capturable())
	assert.Equal(t, eur(350), p.Releasable())
	assert.Equal(t, eur(430), p.Refundable())
	p.CaptureLimit = eur(1150)
	assert.Equal(t, eur(500), p.Capturable())
	p.Movements = []gateway.Movement{move(gateway.MoveCapture, 300, "c1", "a"), move(gateway.MoveCapture, 200, "c2", "a"), move(gateway.MoveRefund, 50, "f", "c1"), move(gateway.MoveChargeback, 100, "b", "c2")}
	assert.Equal(t, eur(250), p.RefundableOf("c1"))
	assert.Equal(t, eur(100), p.RefundableOf("c2"))
	assert.Equal(t, eur(0), p.RefundableOf("c3"))
	_, known := p.HoldExpires()
	assert.False(t, known)
	soon := time.Now().Add(time.Hour)
	p.Movements = []gateway.Movement{{Kind: gateway.MoveHold, Amount: eur(1), Expires: soon.Add(time.Hour)}, {Kind: gateway.MoveHold, Amount: eur(1), Expires: soon}}
	at, known := p.HoldExpires()
	assert.True(t, known)
	assert.Equal(t, soon, at)
}

func TestTerminalStatesAreImmutable(t *testing.T) {
	t.Parallel()
	all := []gateway.OperationState{gateway.StateOpen, gateway.StateAwaiting, gateway.StateActionRequired, gateway.StateUnknown, gateway.StateParked, gateway.StateSucceeded, gateway.StateFailed, gateway.StateCancelled}
	for _, from := range all {
		for _, to := range all {
			if from.Terminal() {
				assert.False(t, from.CanBecome(to), "%s → %s", from, to)
			}
		}
		if !from.Terminal() {
			assert.True(t, from.CanBecome(gateway.StateSucceeded), from)
		}
	}
	assert.False(t, gateway.StateParked.CanBecome(gateway.StateUnknown))
	assert.True(t, gateway.StepSending.CanBecome(gateway.StepPrepared))
	assert.False(t, gateway.StepAnswered.CanBecome(gateway.StepPrepared))
}

func TestOutcomeMovedAsksForMoneyNotForANilError(t *testing.T) {
	t.Parallel()
	hold := []gateway.Movement{move(gateway.MoveHold, 1, "a", "")}
	assert.True(t, gateway.Outcome{Status: gateway.StatusSucceeded, Movements: hold}.Moved())
	for _, o := range []gateway.Outcome{
		{},
		{Status: gateway.StatusSucceeded},
		{Status: gateway.StatusAwaiting, Movements: hold},
		{Status: gateway.StatusHeld, Movements: hold},
		{Status: gateway.StatusActionRequired, Movements: hold},
		{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{undo(gateway.MoveCapture, 1, "c", 1)}},
	} {
		assert.False(t, o.Moved())
	}
}

func TestRefsAreAddedAndNeverOverwritten(t *testing.T) {
	t.Parallel()
	one := gateway.Refs{{Owner: "p", Name: "charge", Value: "1"}}
	two := one.Add(gateway.Ref{Owner: "p", Name: "charge", Value: "2"}, gateway.Ref{Owner: "p", Name: "charge", Value: "1"}, gateway.Ref{Name: "none"})
	assert.Len(t, one, 1)
	assert.Equal(t, []string{"1", "2"}, two.All("charge"))
	assert.Equal(t, "2", two.Get("charge"))
	assert.Empty(t, two.Get("x"))
}

var (
	stored    = gateway.NewExtra[map[string]int]("test.stored")
	transient = gateway.TransientExtra[string]("test.transient")
)

func TestExtrasAreTypedAndOnlyStoredOnesAreStored(t *testing.T) {
	t.Parallel()
	x := gateway.With(stored.Of(map[string]int{"a": 1}), transient.Of("secret")).With(stored.Of(map[string]int{"a": 2}))
	v, ok := stored.From(x)
	assert.True(t, ok)
	assert.Equal(t, map[string]int{"a": 2}, v, "the last one wins")
	s, ok := transient.From(x)
	assert.True(t, ok)
	assert.Equal(t, "secret", s)
	raw, err := x.Stored()
	require.NoError(t, err)
	assert.Equal(t, map[string]json.RawMessage{"test.stored": json.RawMessage(`{"a":2}`)}, raw)
	back := gateway.RestoreExtras(raw)
	v, ok = stored.From(back)
	assert.True(t, ok)
	assert.Equal(t, map[string]int{"a": 2}, v)
	_, ok = transient.From(back)
	assert.False(t, ok)
	_, ok = gateway.NewExtra[string]("test.other").From(x)
	assert.False(t, ok)
	_, _, err = gateway.NewExtra[string]("test.stored").Load(back)
	require.ErrorContains(t, err, "does not fit its type")
	_, err = gateway.With(stored.Of(nil), gateway.NewExtra[int]("test.stored").Of(1)).Stored()
	require.ErrorContains(t, err, "two extras are named")
}

func TestOverCaptureIsTheSmallerAllowance(t *testing.T) {
	t.Parallel()
	// PayPal: the smaller of 115 % and 75 more.
	rule := gateway.OverCapture{BasisPoints: 1500, AtMost: map[string]int64{"EUR": 7500}}
	for hold, want := range map[int64]int64{12100: 13915, 190000: 197500, 0: 0} {
		got, err := rule.Limit(eur(hold))
		require.NoError(t, err)
		assert.Equal(t, eur(want), got)
	}
	got, err := rule.Limit(gateway.Minor(1000, "JPY"))
	require.NoError(t, err)
	assert.Equal(t, gateway.Minor(1000, "JPY"), got, "a currency without a bound allows nothing more")
	got, err = gateway.OverCapture{}.Limit(eur(100))
	require.NoError(t, err)
	assert.Equal(t, eur(100), got)
	_, err = rule.Limit(eur(math.MaxInt64))
	require.Error(t, err)
}

func TestEndpointPromisesMustNotContradict(t *testing.T) {
	t.Parallel()
	require.NoError(t, gateway.Endpoint{Effect: gateway.EffectMove, KeyTTL: time.Hour, Replays5xx: true}.Check())
	for _, e := range []gateway.Endpoint{{}, {Effect: "some"}, {Effect: gateway.EffectMove, Replays5xx: true}, {Effect: gateway.EffectHold, AlreadyDone: []string{"x"}}, {Effect: gateway.EffectHold, Async: -1}, {Effect: gateway.EffectHold, Renews: true, AmountMode: gateway.AmountDelta}} {
		require.Error(t, e.Check())
	}
}

func TestOrderDataThatIsMissingIsEmpty(t *testing.T) {
	t.Parallel()
	a := &gateway.Address{GivenName: "Ada", FamilyName: "Lovelace", Lines: []string{"1 High St"}}
	assert.Equal(t, "Ada Lovelace", a.Name())
	assert.Equal(t, "1 High St", a.Line(1))
	assert.Empty(t, a.Line(2))
	assert.Empty(t, a.Line(0))
	assert.Empty(t, (*gateway.Address)(nil).Line(1))
	assert.Empty(t, (*gateway.Address)(nil).Name())
	sum, err := gateway.LinesTotal([]gateway.Line{{Price: eur(100), Quantity: 3}, {Price: eur(-50), Quantity: 1}})
	require.NoError(t, err)
	assert.Equal(t, eur(250), sum)
	for _, bad := range [][]gateway.Line{nil, {{Price: eur(1), Quantity: 1}, {Price: gateway.Minor(1, "USD"), Quantity: 1}}, {{Price: eur(math.MaxInt64), Quantity: 2}}} {
		_, err := gateway.LinesTotal(bad)
		require.Error(t, err)
	}
	assert.True(t, (*gateway.Instrument)(nil).IsZero())
	assert.False(t, (*gateway.Action)(nil).Expired(time.Now()))
	assert.True(t, (&gateway.Action{Expires: time.Now()}).Expired(time.Now()))
}

// A capture of nothing is not a paid order.
func TestAMovementOfNothingHasNotMoved(t *testing.T) {
	t.Parallel()
	assert.False(t, gateway.Outcome{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{move(gateway.MoveCapture, 0, "c", "")}}.Moved())
	assert.False(t, gateway.Outcome{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{{Kind: gateway.MoveCapture}}}.Moved())
	assert.True(t, gateway.Outcome{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{move(gateway.MoveCapture, 0, "c", ""), move(gateway.MoveRelease, 5, "r", "")}}.Moved())
}

// A refund that failed after success, and a dispute that was won, may be refunded (again).
func TestWhatWasUndoneMayBeRefundedAgain(t *testing.T) {
	t.Parallel()
	eur := func(n int64) gateway.Money { return gateway.Minor(n, "EUR") }
	p := gateway.Payment{Due: eur(1000)}
	add := func(kind gateway.MovementKind, n int64, ref, parent string, reverses gateway.MovementKind) {
		p.Movements = append(p.Movements, gateway.Movement{Kind: kind, Amount: eur(n), Reference: ref, Parent: parent, Reverses: reverses})
	}
	add(gateway.MoveCapture, 600, "c1", "auth", "")
	add(gateway.MoveCapture, 400, "c2", "auth", "")
	add(gateway.MoveReversal, 200, "r1", "r1", gateway.MoveRefund) // arrives before what it undoes
	add(gateway.MoveRefund, 200, "r1", "c1", "")
	assert.Equal(t, eur(600), p.RefundableOf("c1"), "the refund failed after all")
	add(gateway.MoveRefund, 100, "r2", "c1", "")
	add(gateway.MoveChargeback, 300, "d1", "c2", "")
	assert.Equal(t, eur(500), p.RefundableOf("c1"))
	assert.Equal(t, eur(100), p.RefundableOf("c2"))
	add(gateway.MoveReversal, 300, "d1", "d1", gateway.MoveChargeback)
	assert.Equal(t, eur(400), p.RefundableOf("c2"), "the dispute was won")
	add(gateway.MoveReversal, 400, "c2", "c2", gateway.MoveCapture)
	assert.True(t, p.RefundableOf("c2").IsZero(), "the capture itself was undone")
	assert.Equal(t, eur(500), p.RefundableOf("c1"), "and no other")
}

// A hold that supersedes another one has a name of its own; the newest of a chain
// is what is held, and says until when, in whatever order they are learned.
func TestAHoldThatSupersedesAnotherIsHeldInItsPlace(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	chain := []gateway.Movement{move(gateway.MoveHold, 1000, "a", ""), move(gateway.MoveAdjust, 1500, "b", "a"), move(gateway.MoveAdjust, 1100, "c", "b")}
	chain[0].Expires, chain[1].Expires, chain[2].Expires = day, day.AddDate(0, 0, 7), day.AddDate(0, 0, 14)
	chain[1].At = day // although the last one says no time
	chain = append(chain, move(gateway.MoveCapture, 300, "d", "c"))
	for range 24 {
		rand.Shuffle(len(chain), func(i, j int) { chain[i], chain[j] = chain[j], chain[i] })
		b, err := gateway.Fold("EUR", chain)
		require.NoError(t, err)
		assert.Equal(t, gateway.Minor(1100, "EUR"), b.Authorized)
		assert.Equal(t, gateway.Minor(300, "EUR"), b.Captured)
		expires, known := gateway.Payment{Movements: chain}.HoldExpires()
		assert.True(t, known)
		assert.Equal(t, day.AddDate(0, 0, 14), expires)
	}
	untold := append(slices.Clone(chain), move(gateway.MoveAdjust, 1100, "e", "c")) // renewed, and it does not say until when
	for range 24 {
		rand.Shuffle(len(untold), func(i, j int) { untold[i], untold[j] = untold[j], untold[i] })
		expires, known := gateway.Payment{Movements: untold}.HoldExpires()
		assert.True(t, known)
		assert.Equal(t, day.AddDate(0, 0, 14), expires, "the last that was told, and not the first hold's")
	}
	for _, odd := range [][2]string{{"b", "c"}, {"b", "b"}} { // a circle belongs to no hold
		b, err := gateway.Fold("EUR", []gateway.Movement{move(gateway.MoveHold, 1000, "a", ""), move(gateway.MoveAdjust, 1500, "c", odd[0]), move(gateway.MoveAdjust, 1600, "b", odd[1])})
		require.NoError(t, err)
		assert.Equal(t, gateway.Minor(1000, "EUR"), b.Authorized)
	}
}

// A hold that was let go as a whole does not count for the next adjustment where
// another one stands; whatever else became of a hold does not change its total.
func TestWhatIsAdjustedIsTheHoldThatStands(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	second := move(gateway.MoveHold, 700, "b", "")
	second.At = noon.Add(time.Hour)
	first := move(gateway.MoveHold, 1000, "a", "")
	first.At = noon
	for name, c := range map[string]struct {
		moves []gateway.Movement
		total int64
	}{
		"nothing":                          {nil, 0},
		"one hold":                         {[]gateway.Movement{first}, 1000},
		"captured and released":            {[]gateway.Movement{first, move(gateway.MoveCapture, 400, "c", "a"), move(gateway.MoveRelease, 600, "r", "a")}, 1000},
		"let go, and no other":             {[]gateway.Movement{first, move(gateway.MoveRelease, 1000, "r", "a")}, 1000},
		"let go, and made anew":            {[]gateway.Movement{second, first, move(gateway.MoveRelease, 1000, "r", "a")}, 700},
		"two that stand":                   {[]gateway.Movement{first, second}, 1700},
		"a part let go, and another made":  {[]gateway.Movement{first, move(gateway.MoveRelease, 999, "r", "a"), second}, 1700},
		"adjusted, let go, and made anew":  {[]gateway.Movement{first, move(gateway.MoveAdjust, 1200, "x", "a"), move(gateway.MoveRelease, 1200, "r", "a"), second}, 700},
		"superseded, let go, made anew":    {[]gateway.Movement{first, move(gateway.MoveAdjust, 1200, "x", "a"), move(gateway.MoveRelease, 1200, "r", "x"), second}, 700},
		"let go, made anew, and adjusted":  {[]gateway.Movement{first, move(gateway.MoveRelease, 1000, "r", "a"), second, move(gateway.MoveAdjust, 900, "x", "b")}, 900},
		"the second let go, the first not": {[]gateway.Movement{first, second, move(gateway.MoveRelease, 700, "r", "b")}, 1000},
		"both let go":                      {[]gateway.Movement{second, first, move(gateway.MoveRelease, 700, "r", "b"), move(gateway.MoveRelease, 1000, "s", "a")}, 700},
	} {
		balances, err := gateway.Fold("EUR", c.moves)
		require.NoError(t, err, name)
		assert.Equal(t, eur(c.total), gateway.Payment{Due: eur(1000), Balances: balances, Movements: c.moves}.Adjustable(), name)
	}
}

func TestAHoldThatWasLetGoDoesNotExpire(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	first, second := move(gateway.MoveHold, 1000, "a", ""), move(gateway.MoveHold, 1000, "b", "")
	first.At, first.Expires, second.At, second.Expires = noon, noon.Add(time.Hour), noon.Add(time.Minute), noon.Add(48*time.Hour)
	p := gateway.Payment{Due: eur(1000), Movements: []gateway.Movement{first, second}}
	until, known := p.HoldExpires()
	assert.True(t, known)
	assert.Equal(t, first.Expires, until, "both stand")
	p.Movements = append(p.Movements, move(gateway.MoveRelease, 1000, "r", "a"))
	until, known = p.HoldExpires()
	assert.True(t, known)
	assert.Equal(t, second.Expires, until)
}
