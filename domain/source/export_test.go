package source

// Refusal is a rule that refuses, with the texts and the changes of its hints.
type Refusal struct {
	Rule    string
	Texts   []string
	Changes []func(*Case)
}

// FirstRefusal returns the rule that refuses the case; one without a name if none does.
func (c *Case) FirstRefusal() Refusal {
	name, _, hints := c.firstRefusal()
	out := Refusal{Rule: name}
	for _, h := range hints {
		out.Texts = append(out.Texts, h.Text)
		out.Changes = append(out.Changes, h.change)
	}
	return out
}
