// Package request builds what is sent to a payment provider and reads what
// comes back.
//
// A [Document] is an ordered, exact, typed tree. Builders (see [Builder] and
// [BuilderComposite]) write a request into one; an [Encoder] turns it into
// JSON, a form or XML. The parsers read an answer into one: [ParseJSON],
// [ParseForm], [ParseXML], [ParseHTMLForm].
//
//	doc := request.NewDocument()
//	defer doc.Release()
//	amount := doc.Object("amount")
//	amount.Money("value", gateway.Minor(1000, "EUR"))
//	amount.Text("currency", "EUR")
//	doc.Secret("number", card)
//	doc.Protect("amount")
//	doc.Seal() // from here on filters run; they cannot touch the amount
//	body, err := request.JSON.Append(nil, doc)
//
// Setters return nothing. The first mistake sticks, names the field and the
// part that made it, and surfaces once: in [Document.Err], [Document.Check]
// and every encoder. No setter takes a float or an any. Secrets print masked
// everywhere; only encoders reveal them.
//
// # Paths
//
// A path names a field from the root (or from the [Node] or [Value] that is
// asked), with "/" between the names: "amount/value", and the position where a
// list stands: "lines/0/sku". In a name that holds them, "/" is written "~1" and
// "~" is written "~0", as in a JSON pointer.
//
// # Concurrency
//
// A Document is not safe for concurrent use: one goroutine writes it. Reading
// changes nothing, so several goroutines may read one that nobody writes or
// releases meanwhile.
package request
