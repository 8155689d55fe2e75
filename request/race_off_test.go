//go:build !race

package request

const racing = false
