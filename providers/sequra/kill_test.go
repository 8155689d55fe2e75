package sequra_test

import "errors"

const victimVariable = "SEQURA_VICTIM"

func victim(string) error { return errors.New("not yet") }
