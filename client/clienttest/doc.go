// Package clienttest helps to test what talks to payment providers, without one.
//
//   - [Script] is a client that answers from a list and keeps the signed requests it was given
//   - [Recorder] records the exchanges of a real client into a file, without
//     their secrets, and replays them
//   - [Faults] is a server that breaks its answers byte by byte, and tells what really arrived
//
// It is for _test.go files only.
package clienttest
