package status_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, _ := os.MkdirTemp("", "status-")
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	tokens, err := status.NewTokens(gateway.NewSecret("32 random bytes from the environment"))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := status.New(status.Config{Storage: db, Tokens: tokens})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The engine makes payments; here is one that nobody has begun to pay.
	err = db.Update(ctx, func(tx *storage.Tx) error {
		_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_17", Key: "order-17", Due: gateway.Minor(1999, "EUR")})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token := tokens.Make(storage.PaymentKey{Store: "es", Payment: "pay_17"}, time.Now().Add(24*time.Hour))
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/status?transactionId="+token, nil))
	fmt.Println(answer.Code, answer.Body)
	fmt.Println(s.Shutdown(ctx))
	// Output:
	// 200 {"update":true,"payload":{"status":{"code":"new","message":"Your payment has not begun yet."},"action":{"code":"","payload":null}}}
	// <nil>
}
