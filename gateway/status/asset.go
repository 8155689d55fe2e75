package status

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed client.js
var clientSource []byte

// asset is a file that is named after what is in it.
type asset struct {
	name      string
	integrity string
	body      []byte
}

func newAsset(body []byte) asset {
	sum := sha256.Sum256(body)
	return asset{"client-" + hex.EncodeToString(sum[:8]) + ".js", "sha256-" + base64.StdEncoding.EncodeToString(sum[:]), body}
}

// ClientPath is where [Service.Handler] serves the browser's client, an ES module,
// below the place at which it is mounted. Another version has another path.
func (s *Service) ClientPath() string { return "/v1/" + s.client.name }

// ClientIntegrity is the hash of the client, for a script's integrity attribute
// and for a Content-Security-Policy.
func (s *Service) ClientIntegrity() string { return s.client.integrity }

// Client serves the browser's client. It may be cached for ever.
func (s *Service) Client(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("asset") != s.client.name {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Etag", `"`+s.client.name+`"`)
	http.ServeContent(w, r, s.client.name, time.Time{}, bytes.NewReader(s.client.body))
}
