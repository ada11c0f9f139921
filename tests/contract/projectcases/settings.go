package projectcases

import (
	"errors"
	"fmt"

	"gatehouse/application/instance"
	"gatehouse/application/protections"
	"gatehouse/application/worldimport"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
	"gatehouse/tests/subject"
)

// set makes the settings of the instance those.
func (s store) set(settings instance.Settings) {
	s.Helper()
	s.Fine("SettingChanges", s.SettingChanges(s.Context(), func(tx instance.Tx) error { return tx.Settings.PutSettings(s.Context(), settings) }))
}

// settings returns the settings of the instance.
func (s store) settings() instance.Settings {
	s.Helper()
	got, err := s.Settings.Settings(s.Context())
	s.Fine("Settings", err)
	return got
}

var settingCases = []contract.Case{
	caseOf("are kept as a whole", func(s store) {
		s.Same("before", s.settings(), instance.Settings{})
		want := instance.Settings{
			DefaultBranchProtection: new(source.NotProtected),
			Remembered:              remembered.Values{"gravatar_enabled": false, "max_attachment_size": int64(7), "help_page_text": "Ask Ann", "home_page_url": nil},
		}
		s.set(want)
		s.Same("kept", s.settings(), want)
		want = instance.Settings{Remembered: remembered.Values{"gravatar_enabled": true}}
		s.set(want)
		s.Same("replaced", s.settings(), want)
		s.set(instance.Settings{})
		s.Same("none", s.settings(), instance.Settings{})
	}),
	caseOf("are changed by a transaction that succeeds, and only then", func(s store) {
		want := instance.Settings{DefaultBranchProtection: new(source.DevelopersMerge)}
		s.set(want)
		failure := errors.New("failure")
		err := s.SettingChanges(s.Context(), func(tx instance.Tx) error {
			s.Fine("PutSettings", tx.Settings.PutSettings(s.Context(), instance.Settings{}))
			got, err := tx.Settings.Settings(s.Context())
			s.Fine("Settings", err)
			s.Same("within it", got, instance.Settings{})
			return failure
		})
		s.Same("failed", errors.Is(err, failure), true)
		s.Same("afterwards", s.settings(), want)
	}),
	caseOf("protect default branches where the group does not say", func(s store) {
		set, own := source.DevelopersPushInitially, source.DevelopersPush
		defaults := func(path source.Path) *source.BranchDefaults {
			to, err := s.Destinations.Destination(s.Context(), 11, path, now)
			s.Fine("Destination", err)
			return to.BranchDefaults
		}
		s.Same("before", defaults("top/new"), (*source.BranchDefaults)(nil))
		s.set(instance.Settings{DefaultBranchProtection: &set})
		for path, level := range map[source.Path]*source.BranchProtection{"top/new": &set, "ann/new": &set, "TOP/low/new": &own} {
			s.Same(string(path), defaults(path), source.OwnBranchDefaults(level, nil))
		}
		for path, level := range map[string]*source.BranchProtection{"top/Low/one": &own, "other/two": &set, "ann/own": &set} {
			s.Same(path, s.Ask(subject.Inquiry("user-11", path)).Project.BranchDefaults, source.OwnBranchDefaults(level, nil))
		}
		for id, level := range map[source.NamespaceID]*source.BranchProtection{21: &set, 22: &own} {
			view, err := s.GroupRecords.View(s.Context(), id)
			s.Fine("View", err)
			s.Same(fmt.Sprint("group ", id), view.DefaultBranchProtection, level)
		}
		s.Unit(func(tx worldimport.Tx) {
			got, err := tx.Settings.DefaultBranchProtection(s.Context())
			s.Fine("DefaultBranchProtection", err)
			s.Same("an import", got, &set)
		})
		s.Apply("projects: [{id: 34, path: other/imported, default_branch: main}]")
		imported := s.views(protections.Filter{Project: 34, Kind: source.Branch})
		s.Same("protections of an imported project", len(imported), 1)
		s.Same("who may push", imported[0].Push[0].Role, set.Defaults().Push)
	}),
}
