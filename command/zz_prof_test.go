package command_test

import "testing"

func BenchmarkOurs(b *testing.B) {
	ctx, s := b.Context(), benchSubject()
	c := benchCommand(b, benchSpec(benchBase, nullClient))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Execute(ctx, s); err != nil { b.Fatal(err) }
	}
}

func BenchmarkCodec(b *testing.B) {
	s := benchSubject()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := directNull(&s, sameCodec); err != nil { b.Fatal(err) }
	}
}
func BenchmarkCodecNoURL(b *testing.B) {
	s := benchSubject()
	b.ReportAllocs()
	for b.Loop() {
		body, err := directDocument(&s)
		if err != nil { b.Fatal(err) }
		var a benchAnswer
		_ = body
		if err := sameCodec.decode(benchAnswerJSON, &a); err != nil { b.Fatal(err) }
	}
}
