package status_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" { // another process of a test
		if err := play(role); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := postgrestest.Main(m)
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}
