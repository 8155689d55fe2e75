package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/davecgh/go-spew/spew"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

const canary = "sk_live_canary/4111 1111+é"

// hidden has the secret where only reflection reaches it.
type hidden struct {
	ID     string
	secret gateway.Secret
	list   []gateway.Secret
	byName map[string]gateway.Secret
	any    any
	Open   gateway.Secret
	Ptr    *gateway.Secret
}

type inXML struct{ S gateway.Secret }

// leaks reports the forms in which a text could give the canary away.
func leaks(text string) bool {
	for _, form := range []string{
		canary, url.QueryEscape(canary), url.PathEscape(canary), hex.EncodeToString([]byte(canary)), fmt.Sprintf("%x", canary), fmt.Sprintf("%q", canary),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.URLEncoding.EncodeToString([]byte(canary)), "sk_live", "4111 1111", fmt.Sprint([]byte(canary)),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestASecretLeaksThroughNoRoute(t *testing.T) {
	t.Parallel()
	s := gateway.NewSecret(canary)
	h := hidden{ID: "x", secret: s, list: []gateway.Secret{s}, byName: map[string]gateway.Secret{"k": s}, any: s, Open: s, Ptr: &s}
	routes := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%10.3s", "%e", "%U", "%c", "%b", "%o", "%w"} {
		for name, v := range map[string]any{"secret": s, "pointer": &s, "struct": h, "struct pointer": &h, "slice": []gateway.Secret{s}, "map": map[string]any{"k": s}, "array": [1]gateway.Secret{s}, "any": any(h)} {
			routes[verb+" of "+name] = fmt.Sprintf(verb, v)
		}
	}
	routes["Sprint"] = fmt.Sprint(s, h)
	routes["Errorf"] = fmt.Errorf("%v %w", h, fmt.Errorf("%s", s)).Error()
	routes["String"] = s.String()
	routes["GoString"] = s.GoString()
	routes["spew"] = spew.Sdump(h, &h, s) + spew.Sprintf("%#+v", h)
	routes["cmp"] = cmp.Diff(h, hidden{}, cmp.AllowUnexported(hidden{}, gateway.Secret{})) + cmp.Diff(&h, &hidden{secret: gateway.NewSecret("other")}, cmp.AllowUnexported(hidden{}, gateway.Secret{}))
	routes["testify"] = fmt.Sprintf("%v", assert.ObjectsAreEqual(h, hidden{}))
	fake := &recordingT{}
	assert.Equal(fake, h, hidden{})
	routes["testify diff"] = fake.String()
	for name, v := range map[string]any{"secret": s, "struct": h, "pointer": &h, "map": map[string]gateway.Secret{"k": s}} {
		raw, err := json.Marshal(v)
		require.NoError(t, err, name)
		routes["json of "+name] = string(raw)
	}
	raw, err := xml.Marshal(inXML{s})
	require.NoError(t, err)
	routes["xml"] = string(raw)
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).With("w", h).WithGroup("g").Info("m", "s", s, "h", h, "p", &h, "l", []gateway.Secret{s}, slog.Any("e", fmt.Errorf("%v", h)))
	}
	routes["slog"] = log.String()
	var page bytes.Buffer
	require.NoError(t, template.Must(template.New("").Parse(`{{.Open}} {{printf "%v" .}} <script>{{.Open}}</script>`)).Execute(&page, h))
	require.NoError(t, texttemplate.Must(texttemplate.New("").Parse(`{{.Open}} {{.}}`)).Execute(&page, h))
	routes["templates"] = page.String()
	var gobbed bytes.Buffer
	_ = gob.NewEncoder(&gobbed).Encode(s) // may refuse; must not tell
	routes["gob"] = gobbed.String()
	routes["panic"] = func() (text string) {
		defer func() { text = fmt.Sprint(recover()) }()
		panic(h)
	}()
	routes["extras"] = fmt.Sprintf("%v %+v %#v", gateway.With(gateway.TransientExtra[string]("t").Of(canary)), gateway.Subject{Instrument: &gateway.Instrument{Token: s}, Extras: gateway.With(gateway.NewExtra[string]("n").Of(canary))}, gateway.Outcome{Instrument: &gateway.Instrument{Token: s}})
	routes["error"] = fmt.Sprintf("%+v", &gateway.Error{Err: fmt.Errorf("%v", s)})
	assert.Greater(t, len(routes), 30)
	for route, text := range routes {
		assert.False(t, leaks(text), "%s tells the secret: %s", route, text)
	}
	assert.True(t, leaks("x "+canary), "the search itself works")
}

// recordingT keeps what an assertion would print.
type recordingT struct{ strings.Builder }

func (r *recordingT) Errorf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

func TestASecretIsRevealedOnPurposeOnly(t *testing.T) {
	t.Parallel()
	s := gateway.NewSecret(canary)
	assert.Equal(t, canary, s.Reveal())
	assert.False(t, s.IsZero())
	assert.True(t, gateway.NewSecret("").IsZero())
	assert.Empty(t, gateway.Secret{}.Reveal())
	assert.True(t, s.Equal(gateway.NewSecret(canary)))
	assert.False(t, s.Equal(gateway.NewSecret("other")))
	var fromEnv gateway.Secret
	require.NoError(t, fromEnv.UnmarshalText([]byte(canary)))
	assert.True(t, fromEnv.Equal(s))
}

func TestOneErrorHasOneVerdict(t *testing.T) {
	t.Parallel()
	inner := &gateway.Error{Code: gateway.CodeUnavailable, Err: errDeadline}
	err := fmt.Errorf("while paying: %w", &gateway.Error{Code: gateway.CodeIndeterminate, Err: fmt.Errorf("y: %w", errors.Join(errDeadline, inner))})
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.NotErrorIs(t, err, gateway.CodeUnavailable)
	require.ErrorIs(t, err, errDeadline, "sentinels stay reachable")
	assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err))
	e, ok := errors.AsType[*gateway.Error](err)
	require.True(t, ok)
	_, ok = errors.AsType[*gateway.Error](e.Unwrap())
	assert.False(t, ok)
	_, ok = errors.AsType[gateway.Code](e.Unwrap())
	assert.False(t, ok)
}
