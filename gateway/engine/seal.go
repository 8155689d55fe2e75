package engine

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// sealed is an instrument with its token in the clear, to be encrypted as a whole.
type sealed struct {
	gateway.Instrument
	Token string `json:"token"`
}

// seal encrypts an instrument for one row and no other. It returns nil when
// nothing can be encrypted here.
func (e *Engine) seal(i *gateway.Instrument, store gateway.StoreID, row string) ([]byte, error) {
	if i == nil || e.cfg.Sealer == nil {
		return nil, nil
	}
	plain, err := json.Marshal(sealed{*i, i.Token.Reveal()})
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "the instrument cannot be stored")
	}
	secret, err := e.cfg.Sealer.Encrypt(plain, sealedFor(store, row))
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "the instrument cannot be encrypted")
	}
	return secret, nil
}

// unseal decrypts an instrument, nil when there is none that could be.
func (e *Engine) unseal(secret []byte, store gateway.StoreID, row string) (*gateway.Instrument, error) {
	if len(secret) == 0 || e.cfg.Sealer == nil {
		return nil, nil
	}
	plain, err := e.cfg.Sealer.Decrypt(secret, sealedFor(store, row))
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "the instrument of %s cannot be decrypted: is the key still in the ring?", row)
	}
	var open sealed
	if err := json.Unmarshal(plain, &open); err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "the instrument of %s cannot be read", row)
	}
	open.Instrument.Token = gateway.NewSecret(open.Token)
	return &open.Instrument, nil
}

func sealedFor(store gateway.StoreID, row string) []byte {
	return []byte("instrument\x00" + string(store) + "\x00" + row)
}

// sealedDetail names the row that holds an operation's encrypted instrument
// until the operation has ended.
func sealedDetail(id gateway.OperationID) string { return "instrument/" + string(id) }

// keepInstrument stores the instrument that an answer brought, once for an
// operation that asked for one. Without a Sealer nothing is stored: the caller
// has it in the outcome.
func (e *Engine) keepInstrument(tx *storage.Tx, o storage.Operation, out gateway.Outcome) error {
	i := out.Instrument
	if i == nil || !i.Reusable || i.Token.IsZero() || e.cfg.Sealer == nil {
		return nil
	}
	var keep stored
	if _, err := tx.Detail(o.Store, o.Payment, detailOf(o.ID), &keep); err != nil {
		return err
	}
	if o.Kind != gateway.OpVerify && !keep.Save {
		return nil
	}
	id := instrumentOf(o.ID)
	secret, err := e.seal(i, o.Store, id)
	if err != nil {
		return err
	}
	public := *i
	public.Token = gateway.Secret{}
	created, err := tx.InsertInstrument(storage.Instrument{
		Store: o.Store, ID: id, Provider: o.Provider, Payment: o.Payment, Operation: o.ID, Public: public, Token: base64.StdEncoding.EncodeToString(secret),
	})
	if err != nil || !created {
		return err
	}
	return tx.AppendEvent(o.Store, o.Payment, "instrument.stored", InstrumentTold{id, o.ID, o.Provider, public.Brand, public.Last4})
}

// instrumentOf returns the id of the instrument that an operation stores.
func instrumentOf(id gateway.OperationID) string {
	_, rest, _ := strings.Cut(string(id), "_")
	return "ins_" + rest
}

// openSaved decrypts a stored instrument.
func (e *Engine) openSaved(i storage.Instrument) (*gateway.Instrument, error) {
	if i.Token == "" {
		return nil, gateway.Errorf(gateway.CodeConflict, "instrument %s was forgotten: ask the shopper for another one", i.ID)
	}
	secret, err := base64.StdEncoding.DecodeString(i.Token)
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "instrument %s cannot be read", i.ID)
	}
	open, err := e.unseal(secret, i.Store, i.ID)
	if err == nil && open == nil {
		err = gateway.Errorf(gateway.CodeInternal, "instrument %s cannot be decrypted: the engine has no Sealer", i.ID)
	}
	return open, err
}
