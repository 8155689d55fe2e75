package browser

import (
	"encoding/base64"
	"os"
)

// Picture writes a picture of the whole page, as a PNG file.
func (tab *Tab) Picture(file string) {
	tab.t.Helper()
	var taken struct {
		Data string `json:"data"`
	}
	tab.must("Page.captureScreenshot", object{"format": "png", "captureBeyondViewport": true}, &taken)
	raw, err := base64.StdEncoding.DecodeString(taken.Data)
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		tab.t.Fatal(err)
	}
}
