// Package webhooktest attacks what verifies notifications. A provider's test gives
// it an honest call and how to sign; what it returns must all be refused, and must
// leave nothing behind:
//
//	for _, a := range webhooktest.Attacks(scheme, honest, now) {
//		_, err := receiver.Verify(ctx, a.Call) // must fail
//	}
package webhooktest

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what attackers try
	"crypto/sha1" //nolint:gosec // what attackers try
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// Scheme is how a provider signs, as far as attackers know it.
type Scheme struct {
	// Headers carry the signature and what belongs to it; the signature's is the first.
	Headers []string
	// Sign signs a call with a secret of the attacker's choice, at any time.
	Sign func(secret string, at time.Time, c *webhook.Call) error
	// Secret is the true one, and is never used as it is.
	Secret string
	// Foreign are other secrets that look right, such as another store's and that of the test mode.
	Foreign []string
	// Body says that the signature covers the body; Tolerance that it covers a time.
	Body      bool
	Tolerance time.Duration
}

// Attack is one call that must be refused.
type Attack struct {
	Name string
	Call webhook.Call
}

// Attacks returns forgeries of an honest call, which is signed. It panics when the
// scheme cannot sign.
func Attacks(s Scheme, honest webhook.Call, now time.Time) []Attack {
	k := &kit{s: s, honest: honest, now: now}
	k.headers()
	k.secrets()
	k.algorithms()
	if s.Body {
		k.bodies()
	}
	if s.Tolerance > 0 {
		k.times()
	}
	return k.all
}

type kit struct {
	s      Scheme
	honest webhook.Call
	now    time.Time
	all    []Attack
}

// add adds a changed copy of the honest call.
func (k *kit) add(name string, change func(c *webhook.Call)) {
	c := k.honest
	c.Header, c.Body = k.honest.Header.Clone(), slices.Clone(k.honest.Body)
	if change(&c); !k.honestly(c) {
		k.all = append(k.all, Attack{name, c})
	}
}

// honestly reports whether a change has changed nothing.
func (k *kit) honestly(c webhook.Call) bool {
	same := bytes.Equal(c.Body, k.honest.Body) && len(c.Header) == len(k.honest.Header)
	for name, values := range k.honest.Header {
		same = same && slices.Equal(values, c.Header[name])
	}
	return same
}

// signed adds a call that is signed anew.
func (k *kit) signed(name, secret string, at time.Time) {
	k.add(name, func(c *webhook.Call) {
		if err := k.s.Sign(secret, at, c); err != nil {
			panic(err)
		}
	})
}

func (k *kit) headers() {
	for _, name := range k.s.Headers {
		value := k.honest.Header.Get(name)
		set := func(what, v string) {
			k.add(name+": "+what, func(c *webhook.Call) { c.Header.Set(name, v) })
		}
		k.add(name+": missing", func(c *webhook.Call) { c.Header.Del(name) })
		k.add(name+": twice", func(c *webhook.Call) { c.Header.Add(name, value) })
		k.add(name+": twice, one forged first", func(c *webhook.Call) { c.Header[http.CanonicalHeaderKey(name)] = []string{"forged", value} })
		set("empty", "")
		set("oversized", strings.Repeat(value+",", 9000/len(value)+1))
		set("a space before", " "+value)
		set("a space behind", value+" ")
		set("something behind", value+"0")
		set("a NUL behind", value+"\x00")
		set("a line break behind", value+"\n")
		set("something before", "0"+value)
		set("quoted", `"`+value+`"`)
		set("half", value[:len(value)/2])
		set("one less", value[:len(value)-1])
		set("without its first", value[1:])
		set("twice in one", value+value)
		set("twice with a comma", value+","+value)
		set("null", "null")
		set("true", "true")
		set("zeros", strings.Repeat("0", len(value)))
		step := max(1, len(value)/16)
		for at := 0; at < len(value); at += step {
			b := []byte(value)
			b[at] ^= 1
			set("a bit flipped at "+strconv.Itoa(at), string(b))
		}
	}
}

func (k *kit) secrets() {
	s := k.s.Secret
	for n, other := range k.s.Foreign {
		k.signed("another secret "+strconv.Itoa(n+1), other, k.now)
	}
	if len(k.s.Foreign) > 0 && s == "" {
		return // not made of text
	}
	for name, other := range map[string]string{
		"empty": "", "a space": " ", "one less": s[:len(s)-1], "one more": s + "0", "half": s[:len(s)/2], "twice": s + s, "upper case": swap(s), "in hexadecimal": hex.EncodeToString([]byte(s)), "null": "null",
	} {
		if other != s {
			k.try("the secret is "+name, other, k.now)
		}
	}
}

// try is signed for secrets that the scheme may refuse to sign with.
func (k *kit) try(name, secret string, at time.Time) {
	c := k.honest
	c.Header, c.Body = k.honest.Header.Clone(), slices.Clone(k.honest.Body)
	for _, h := range k.s.Headers[1:] {
		c.Header.Set(h, k.honest.Header.Get(h))
	}
	c.Header.Del(k.s.Headers[0])
	if k.s.Sign(secret, at, &c) == nil {
		k.all = append(k.all, Attack{name, c})
	}
}

func swap(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	return strings.ToLower(s)
}

// algorithms puts sums by other functions in place of the signature.
func (k *kit) algorithms() {
	name, key := k.s.Headers[0], []byte(k.s.Secret)
	for algorithm, sum := range map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-512": sha512.New, "SHA-384": sha512.New384} {
		mac := hmac.New(sum, key)
		_, _ = mac.Write(k.honest.Body)
		plain := sum()
		_, _ = plain.Write(append(slices.Clone(key), k.honest.Body...))
		for form, text := range map[string]string{
			"HMAC in hexadecimal": hex.EncodeToString(mac.Sum(nil)), "HMAC in base64": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "a plain sum": hex.EncodeToString(plain.Sum(nil)),
		} {
			k.add(algorithm+": "+form, func(c *webhook.Call) { c.Header.Set(name, text) })
			k.add(algorithm+": "+form+" under v1", func(c *webhook.Call) { c.Header.Set(name, "t="+strconv.FormatInt(k.now.Unix(), 10)+",v1="+text) })
		}
	}
}

func (k *kit) bodies() {
	body := k.honest.Body
	step := max(1, len(body)/24)
	for at := 0; at < len(body); at += step {
		k.add("a bit of the body flipped at "+strconv.Itoa(at), func(c *webhook.Call) { c.Body[at] ^= 1 })
	}
	set := func(name string, b []byte) {
		if !bytes.Equal(b, body) {
			k.add("the body "+name, func(c *webhook.Call) { c.Body = b })
		}
	}
	set("is empty", nil)
	set("is cut in half", body[:len(body)/2])
	set("lacks its last byte", body[:len(body)-1])
	set("lacks its first byte", body[1:])
	for name, more := range map[string]string{"a space": " ", "a line break": "\n", "a NUL": "\x00", "a second value": "{}", "a chunk trailer": "\r\n0\r\n\r\n"} {
		set("has "+name+" behind", append(slices.Clone(body), more...))
		set("has "+name+" before", append([]byte(more), body...))
	}
	set("has a byte order mark", append([]byte("\xef\xbb\xbf"), body...))
	set("is twice there", append(slices.Clone(body), body...))
	var indented, compact bytes.Buffer
	if json.Indent(&indented, body, "", "  ") == nil && json.Compact(&compact, body) == nil {
		set("is indented", indented.Bytes())
		set("is compacted", compact.Bytes())
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		again, _ := json.Marshal(v)
		set("is encoded anew", again)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(body)
	_ = z.Close()
	k.add("the body is compressed", func(c *webhook.Call) { c.Body = zipped.Bytes(); c.Header.Set("Content-Encoding", "gzip") })
	wide := make([]byte, 0, 2*len(body))
	for _, b := range body {
		wide = append(wide, b, 0)
	}
	set("is in another charset", wide)
}

func (k *kit) times() {
	tolerance := k.s.Tolerance
	for name, at := range map[string]time.Time{
		"just too old": k.now.Add(-tolerance - time.Second), "just too new": k.now.Add(tolerance + time.Second),
		"an hour old": k.now.Add(-time.Hour), "an hour ahead": k.now.Add(time.Hour), "a year old": k.now.AddDate(-1, 0, 0), "a year ahead": k.now.AddDate(1, 0, 0),
		"of 1970": time.Unix(1, 0), "before 1970": time.Unix(-1, 0), "of the year 9999": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		k.signed("rightly signed and "+name, k.s.Secret, at)
	}
	unix := strconv.FormatInt(k.now.Unix(), 10)
	for name, text := range map[string]string{
		"in words": "now", "negative": "-" + unix, "with a sign": "+" + unix, "with a zero before": "0" + unix, "a fraction": unix + ".0", "with an exponent": "1e9",
		"in hexadecimal": "0x" + strconv.FormatInt(k.now.Unix(), 16), "in milliseconds": unix + "000", "too large": "99999999999999999999", "empty": "", "a space": " ", "with an underscore": unix[:4] + "_" + unix[4:],
		"NaN": "NaN", "in other digits": "１７", "a list": unix + "," + unix,
	} {
		k.add("the time is "+name, func(c *webhook.Call) {
			for _, h := range k.s.Headers {
				if v := c.Header.Get(h); strings.Contains(v, unix) {
					c.Header.Set(h, strings.ReplaceAll(v, unix, text))
				}
			}
		})
	}
}

// String names the attack.
func (a Attack) String() string { return fmt.Sprintf("attack %q", a.Name) }
