package gormstore

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/agents"
)

// increment stops at the largest number that there is room for.
const increment = `
	INSERT INTO usage_counters (name, value) VALUES (?, ?)
	ON CONFLICT (name) DO UPDATE SET value = CASE
		WHEN usage_counters.value > 9223372036854775807 - excluded.value THEN 9223372036854775807
		ELSE usage_counters.value + excluded.value END`

// addMembers adds a JSON list of numbers to a set, those that are new. SQLite
// would read ON CONFLICT as part of the SELECT without its WHERE.
var addMembers = map[database.Dialect]string{
	database.SQLite: `
		INSERT INTO usage_members (name, member) SELECT ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
	database.Postgres: `
		INSERT INTO usage_members (name, member) SELECT ?, value::bigint FROM json_array_elements_text(?::json) ON CONFLICT DO NOTHING`,
}

// memberChunk is how many numbers are written by one statement.
const memberChunk = 10_000

// UsageCounters keeps what agents report of their use.
type UsageCounters struct{ db *database.DB }

// Add implements clusters.UsageCounters. Rows are written in one order
// by all, so that two reports do not wait for each other.
func (u *UsageCounters) Add(ctx context.Context, r agents.UsageReport) error {
	increments := slices.SortedStableFunc(slices.Values(r.Increments), func(a, b agents.Increment) int {
		return cmp.Compare(a.Counter, b.Counter)
	})
	sets := map[agents.UniqueCounter][]int64{}
	for _, sighting := range r.UniqueCounts {
		sets[sighting.Counter] = append(sets[sighting.Counter], sighting.IDs...)
	}
	return u.db.Atomically(ctx, "count usage", func(tx *gorm.DB) error {
		for _, i := range increments {
			if err := tx.Exec(increment, i.Counter.Name(), i.By).Error; err != nil {
				return err
			}
		}
		for _, set := range slices.Sorted(maps.Keys(sets)) {
			if err := u.addMembers(tx, set, sets[set]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (u *UsageCounters) addMembers(tx *gorm.DB, set agents.UniqueCounter, ids []int64) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for chunk := range slices.Chunk(ids, memberChunk) {
		list, err := json.Marshal(chunk)
		if err != nil {
			return err
		}
		if err := tx.Exec(addMembers[u.db.Dialect], string(set), string(list)).Error; err != nil {
			return err
		}
	}
	return nil
}
