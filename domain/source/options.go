package source

import (
	"slices"
	"strings"
)

// PushOption is one "git push -o" option that is understood: a key within a
// namespace and its values, in the order given.
type PushOption struct {
	Namespace, Key string
	// Values is empty for an option without "=".
	Values []string
}

// MergeRequestOptions is the namespace of options that create or change merge
// requests; "mr" is its short form.
const MergeRequestOptions = "merge_request"

// knownOptions are the keys of each namespace; true marks those whose values
// accumulate, while of all others the last value counts.
var knownOptions = map[string]map[string]bool{
	MergeRequestOptions: {
		"create": false, "target": false, "target_project": false, "title": false, "description": false,
		"draft": false, "milestone": false, "label": true, "unlabel": true, "assign": true, "unassign": true,
		"remove_source_branch": false, "merge_when_pipeline_succeeds": false, "auto_merge": false,
	},
	"ci":                     {"skip": false, "variable": true, "input": true},
	"integrations":           {"skip_ci": false},
	"secret_detection":       {"skip_all": false},
	"secret_push_protection": {"skip_all": false},
}

// ParsePushOptions reads "namespace.key" and "namespace.key=value" and passes
// over what is unknown or empty, as GitLab does. Options come out in the order
// in which their keys were first given.
func ParsePushOptions(texts []string) []PushOption {
	var options []PushOption
	for _, text := range texts {
		name, value, hasValue := strings.Cut(text, "=")
		namespace, key, _ := strings.Cut(name, ".")
		if namespace == "mr" {
			namespace = MergeRequestOptions
		}
		accumulates, known := knownOptions[namespace][key]
		if !known {
			continue
		}
		i := slices.IndexFunc(options, func(o PushOption) bool { return o.Namespace == namespace && o.Key == key })
		if i < 0 {
			options = append(options, PushOption{Namespace: namespace, Key: key})
			i = len(options) - 1
		}
		if !accumulates {
			options[i].Values = nil
		}
		if hasValue {
			options[i].Values = append(options[i].Values, value)
		}
	}
	return options
}

// Accumulates says whether all values count rather than the last.
func (o PushOption) Accumulates() bool { return knownOptions[o.Namespace][o.Key] }

// String names the option without its values.
func (o PushOption) String() string { return o.Namespace + "." + o.Key }
