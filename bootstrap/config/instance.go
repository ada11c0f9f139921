package config

import "cmp"

// Instance is about the instance key: it seals the secrets that have to be read
// again, and signs LFS tokens.
type Instance struct {
	KeyFile string `koanf:"key_file"`
	// PreviousKeyFile opens what was sealed before a change of the key; empty
	// for none.
	PreviousKeyFile string `koanf:"previous_key_file"`
}

func defaultInstance() Instance { return Instance{KeyFile: ".gatehouse_key"} }

func (i *Instance) tidy() { i.KeyFile = cmp.Or(i.KeyFile, defaultInstance().KeyFile) }

// Secrets is about all files with secrets.
type Secrets struct {
	// Strict refuses secrets that are short, or that every user of the machine can
	// read.
	Strict bool `koanf:"strict"`
}

func (i *Instance) check(m *mistakes) {
	m.unless(i.PreviousKeyFile != i.KeyFile, "instance.previous_key_file", "must not be the same as instance.key_file")
}
