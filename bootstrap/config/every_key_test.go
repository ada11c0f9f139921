package config_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/bootstrap/config"
)

// TestLoad_everyKey loads a file with every key, and wants every value where it
// arrived in earlier versions: operators have such files.
func TestLoad_everyKey(t *testing.T) {
	t.Parallel()
	const file = "testdata/every_key.yaml"
	text, err := os.ReadFile("testdata/every_key.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []config.Setting // encoding/json ignores the case of names
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	loaded := load(t, config.Sources{File: file})
	got := loaded.Settings()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	defaults := config.Default()
	for i, d := range defaults.Settings() {
		if got[i].Origin != file {
			t.Errorf("%s is not in %s", d.Key, file)
		}
		// otp.enabled is on by default, and has to be on if otp.required_for_git is.
		if got[i].Value == d.Value && d.Key != "otp.enabled" {
			t.Errorf("%s has its default, %s, in %s", d.Key, d.Value, file)
		}
	}
}
