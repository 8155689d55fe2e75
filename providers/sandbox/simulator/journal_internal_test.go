package simulator

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryNeverRunsAheadOfABrokenJournal(t *testing.T) {
	t.Parallel()
	s, err := Start(Config{Journal: filepath.Join(t.TempDir(), "j")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.Error(t, s.Close(), "the file is closed already") })
	q := &request{account: DefaultAccount, key: "k"}
	for i := range routes {
		if routes[i].op == OpCreatePayment {
			q.route = &routes[i]
		}
	}
	pay := func() answer {
		q.fields, err = parse([]byte(`{"amount":{"value":1,"currency":"EUR"},"instrument":"tok_ok"}`))
		require.NoError(t, err)
		return s.perform(t.Context(), q, NoFault)
	}
	require.Equal(t, 201, pay().status)
	require.NoError(t, s.journal.file.Close())
	q.key = "l"
	for range 2 {
		a := pay()
		assert.Equal(t, 500, a.status)
		assert.False(t, a.effect)
	}
	assert.Len(t, s.Ledger(), 1)
	assert.Zero(t, s.Effects("l"))
	_, err = s.CaptureInDashboard(s.Payments()[0].ID, 1, true)
	require.ErrorIs(t, err, ErrJournal)
}

func TestMoneyArithmeticIsChecked(t *testing.T) {
	t.Parallel()
	const top = 1<<63 - 1
	for _, c := range []struct {
		a, b, want int64
		ok         bool
	}{{1, 2, 3, true}, {top, 0, top, true}, {top, 1, 0, false}, {-top, -2, 0, false}, {-top, top, 0, true}} {
		got, ok := add(c.a, c.b)
		assert.Equal(t, c.ok, ok)
		if ok {
			assert.Equal(t, c.want, got)
		}
	}
	for _, c := range []struct {
		amount, percent, want int64
		ok                    bool
	}{{999, 60, 599, true}, {top, 100, top, true}, {top, 101, 0, false}, {top, top, 0, false}, {-1, 1, 0, false}, {1, -1, 0, false}} {
		got, ok := share(c.amount, c.percent)
		assert.Equal(t, c.ok, ok)
		assert.Equal(t, c.want, got)
	}
}
