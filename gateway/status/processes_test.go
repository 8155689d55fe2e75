package status_test

import "errors"

const roleVariable = "STATUS_TEST_ROLE"

func play(string) error { return errors.New("no such role") }
