package gormstore

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"gatehouse/domain/agents"
)

// increment stops at the largest number that there is room for.
const increment = `
	INSERT INTO usage_counters (name, value) VALUES (?, ?)
	ON CONFLICT (name) DO UPDATE SET value = CASE
		WHEN usage_counters.value > 9223372036854775807 - excluded.value THEN 9223372036854775807
		ELSE usage_counters.value + excluded.value END`

type sightingRow struct {
	Name   string
	Member int64
}

// TableName is gorm's name for the table.
func (sightingRow) TableName() string { return "usage_members" }

// CountUsage implements clusters.Tally. Rows are written in one order by all, so
// that two reports do not wait for each other.
func (s *Store) CountUsage(ctx context.Context, r agents.Report) error {
	var members []sightingRow
	for _, sighting := range r.Sightings {
		ids := slices.Clone(sighting.IDs)
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			members = append(members, sightingRow{string(sighting.Set), id})
		}
	}
	return s.atomically(ctx, "count usage", func(tx *gorm.DB) error {
		for _, i := range r.Increments {
			if err := tx.Exec(increment, i.Counter.Name(), i.By).Error; err != nil {
				return err
			}
		}
		return createAll(tx, members)
	})
}
