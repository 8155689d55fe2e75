package collana

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// Tokens gives Collana tokens for its callbacks, and knows them again: OAuth2
// client credentials (RFC 6749, section 4.4). Mount [Tokens.Handler] and enter its
// URL, the client's id and its secret in Collana's portal. Tokens are not stored: they are
// signed, hold the store's name, and end after a while. A nil Tokens refuses. It is
// safe for concurrent use.
type Tokens struct {
	Clients []webhook.User   // id and secret; two while one is rotated
	Secrets []gateway.Secret // what tokens are signed with, 32 random bytes or more; the first signs
	Life    time.Duration    // of a token; 0 means an hour
	Now     func() time.Time // nil means time.Now
}

// leastSecret is how many bytes a signing secret has at least.
const leastSecret = 32

func (t *Tokens) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

// secrets are those that may be used: an empty one must not sign for everybody.
func (t *Tokens) secrets() (all []gateway.Secret) {
	if t == nil {
		return nil
	}
	for _, s := range t.Secrets {
		if len(s.Reveal()) >= leastSecret {
			all = append(all, s)
		}
	}
	return all
}

// Issue returns a token for a store's callbacks, and how long it is good. It fails
// with [gateway.CodeInternal] without a secret.
func (t *Tokens) Issue(store gateway.StoreID) (gateway.Secret, time.Duration, error) {
	all := t.secrets()
	if len(all) == 0 || store == "" {
		return gateway.Secret{}, 0, gateway.Errorf(gateway.CodeInternal, "no token can be given: there is no signing secret of %d bytes, or no store", leastSecret)
	}
	life := t.Life
	if life <= 0 {
		life = time.Hour
	}
	nonce := make([]byte, 9)
	_, _ = rand.Read(nonce) // never fails
	claim := strconv.FormatInt(t.now().Add(life).Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString(nonce)
	return gateway.NewSecret(claim + "." + seal(all[0], store, claim)), life, nil
}

// seal signs a claim for one store.
func seal(secret gateway.Secret, store gateway.StoreID, claim string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write([]byte("collana callback\x00" + strconv.Itoa(len(store)) + ":" + string(store) + claim))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// verify reports whether a token is one that was given for the store and has not ended.
func (t *Tokens) verify(store gateway.StoreID, token string) error {
	refused := gateway.Errorf(gateway.CodeAuthentication, "the callback is refused: its token is wrong or has ended")
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return refused
	}
	claim, mac := token[:at], token[at+1:]
	match := false
	for _, s := range t.secrets() {
		match = hmac.Equal([]byte(mac), []byte(seal(s, store, claim))) || match
	}
	until, _, _ := strings.Cut(claim, ".")
	end, err := strconv.ParseInt(until, 10, 64)
	if !match || err != nil || !t.now().Before(time.Unix(end, 0)) {
		return refused
	}
	return nil
}

// bearer returns the token of an Authorization header.
func bearer(value string) (string, bool) {
	scheme, token, ok := strings.Cut(value, " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// Handler returns the token endpoint of one store: POST with
// grant_type=client_credentials, and the client's id and secret by basic
// authentication or in the form (RFC 6749, section 2.3.1). Serve it over TLS only.
func (t *Tokens) Handler(store gateway.StoreID) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/json")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "invalid_request")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		if err := r.ParseForm(); err != nil {
			refuse(w, http.StatusBadRequest, "invalid_request")
			return
		}
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
		}
		// In the header both are form-encoded first, which not every client does.
		if !t.knows(id, secret) && (!basic || !t.knows(decoded(id), decoded(secret))) {
			w.Header().Set("Www-Authenticate", `Basic realm="callbacks"`)
			refuse(w, http.StatusUnauthorized, "invalid_client")
			return
		}
		if r.PostForm.Get("grant_type") != "client_credentials" {
			refuse(w, http.StatusBadRequest, "unsupported_grant_type")
			return
		}
		token, life, err := t.Issue(store)
		if err != nil {
			refuse(w, http.StatusInternalServerError, "server_error")
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token.Reveal(), "token_type": "Bearer", "expires_in": int64(life / time.Second)})
	})
}

// decoded is a form-encoded text, "" when it is none.
func decoded(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return ""
	}
	return plain
}

// knows reports whether a client is one of ours; an empty secret is nobody's.
func (t *Tokens) knows(id, secret string) bool {
	match := false
	if t == nil || id == "" || secret == "" {
		return false
	}
	for _, c := range t.Clients {
		same := gateway.NewSecret(id).Equal(gateway.NewSecret(c.Name))
		match = !c.Password.IsZero() && gateway.NewSecret(secret).Equal(c.Password) && same || match
	}
	return match
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}
