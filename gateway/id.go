package gateway

// StoreID names a shop (a tenant). Every call belongs to one; a database is
// never called a store here, it is storage.
type StoreID string

// PaymentID names a payment of ours. It is not the provider's reference.
type PaymentID string

// OperationID names one caller's command on a payment. It travels to the
// provider as the merchant's reference, so that a lost answer can be looked up.
type OperationID string

// maxID is the longest identifier that may enter a path or a key.
const maxID = 128

// CheckID returns a [CodeInvalid] error unless id is 1 to 128 characters of
// A-Z a-z 0-9 _ and -. Identifiers that enter a URL path are checked with it:
// escaping alone leaves "." and "..", look-alike letters and control characters.
func CheckID(what, id string) error {
	if id == "" {
		return Invalid("%s is empty", what)
	}
	if len(id) > maxID {
		return Invalid("%s has %d characters, at most %d are allowed", what, len(id), maxID)
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return Invalid("%s has %q at position %d; only A-Z a-z 0-9 _ - are allowed", what, c, i)
		}
	}
	return nil
}
