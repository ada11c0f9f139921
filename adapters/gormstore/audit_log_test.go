package gormstore_test

import (
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/inventory"
)

// Many events are read page by page: others write, and remove events, meanwhile.
func TestRecords_AuditEvents_pages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		addOldEvents(t, s, 450)
		read := 0
		for _, err := range s.Records.AuditEvents(t.Context(), inventory.AuditFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if read++; read > 1 {
				continue
			}
			if n, err := s.Retention.RemoveAuditEvents(t.Context(), now, now); err != nil || n != 451 {
				t.Fatalf("removed %d events, %v", n, err)
			}
		}
		if read > 200 { // the first page
			t.Errorf("got %d events, want a page at once", read)
		}
	})
}
