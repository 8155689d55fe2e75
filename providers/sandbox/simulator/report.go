package simulator

import (
	"bytes"
	"encoding/csv"
	"math/big"
	"net/http"
	"strconv"
	"time"
)

// reportHeader is the first line of a report.
var reportHeader = []string{
	"sequence", "time", "kind", "amount", "currency", "payment", "reference", "parent", "merchant_reference",
}

// report is GET /v1/report: the movements of one account on one day (UTC), oldest
// first. The last line has "total" in the first column, the number of lines in the
// third and the sum of all amounts, over all currencies and kinds, in the fourth:
// a control total against a report that was cut off.
func (s *Server) report(_ *change, q *request) (answer, error) {
	date := q.query.Get("date")
	if _, err := readQuery(q.query, "date"); err != nil {
		return answer{}, err
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return answer{}, badRequest("query_invalid", "date", "the date is written YYYY-MM-DD")
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(reportHeader) // a Buffer never fails
	lines, total := 0, new(big.Int)
	for _, e := range s.ledger {
		if e.Account != q.account || e.Time.Before(day) || !e.Time.Before(day.AddDate(0, 0, 1)) {
			continue
		}
		lines++
		total.Add(total, big.NewInt(e.Amount))
		_ = w.Write([]string{
			strconv.FormatInt(e.Sequence, 10), e.Time.Format(time.RFC3339Nano), string(e.Kind), strconv.FormatInt(e.Amount, 10),
			e.Currency, e.Payment, e.Reference, e.Parent, e.MerchantReference,
		})
	}
	_ = w.Write([]string{"total", "", strconv.Itoa(lines), total.String(), "", "", "", "", ""})
	w.Flush()
	return answer{status: http.StatusOK, body: out.Bytes(), csv: true}, nil
}
