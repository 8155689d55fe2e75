package operator

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var discrepanciesCommand = subcommand{
	name:  "discrepancies",
	args:  " [resolve discrepancy]",
	short: "list evidence that does not fit what is recorded, and resolve it",
	long: `Lists open discrepancies, oldest first: what a provider stated and the ledger
contradicts. "resolve" ends one, with -by and -note: who looked into it, and what
was found. It changes no money: what must be booked goes through reconcile -apply
or settle. The same evidence does not open it again.
Flags stand before the word.`,
	run: runDiscrepancies,
}

func runDiscrepancies(c *call) error {
	var by, note string
	limit := c.flags.Int("limit", 100, "how many at most")
	c.flags.StringVar(&by, "by", "", "with resolve: who looked into it")
	c.flags.StringVar(&note, "note", "", "with resolve: what was found")
	if err := c.parse(2); err != nil {
		return err
	}
	switch word, id := c.flags.Arg(0), c.flags.Arg(1); {
	case word == "" && by+note != "":
		return gateway.Invalid("-by and -note belong to: discrepancies -by … -note … resolve <id>")
	case word == "":
		return c.listDiscrepancies(*limit)
	case word != "resolve":
		return gateway.Invalid("%q is nothing that can be done with discrepancies: resolve", word)
	case id == "":
		return gateway.Invalid("say which discrepancy")
	default:
		return c.resolveDiscrepancy(id, by, note)
	}
}

func (c *call) listDiscrepancies(limit int) error {
	var odd []storage.Discrepancy
	err := c.view(func(tx *storage.Tx) (err error) { odd, err = tx.OpenDiscrepancies(c.Store, limit); return err })
	if err != nil {
		return err
	}
	all := make([]discrepancyView, len(odd))
	for i, d := range odd {
		all[i] = viewDiscrepancy(d)
	}
	if c.json {
		return c.write(map[string]any{"discrepancies": all})
	}
	for _, d := range all {
		c.sayDiscrepancy(d)
	}
	c.say("%d open discrepancies\n", len(all))
	return nil
}

func (c *call) resolveDiscrepancy(id, by, note string) error {
	var d storage.Discrepancy
	err := c.DB.Update(c, func(tx *storage.Tx) (err error) {
		if err := tx.ResolveDiscrepancy(c.Store, id, by, note); err != nil {
			return err
		}
		d, err = tx.Discrepancy(c.Store, id)
		return err
	})
	if err != nil {
		return err
	}
	if c.json {
		return c.write(map[string]any{"discrepancy": viewDiscrepancy(d)})
	}
	c.sayDiscrepancy(viewDiscrepancy(d))
	return nil
}
