package gatewaytest_test

import (
	"encoding/json"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway/gatewaytest"
)

// The form of testdata/answers/<operation>.json: what the provider answers, with
// the subject's facts filled in. How the kit is run stands in the package comment.
func ExampleAnswer() {
	var a gatewaytest.Answer
	err := json.Unmarshal([]byte(`{"status": 201, "header": {"Request-Id": "req_1"}, "body": {"id": "pay_1", "amount": "$minor"}}`), &a)
	fmt.Println(a.Status, a.Header["Request-Id"], err)
	// Output: 201 req_1 <nil>
}
