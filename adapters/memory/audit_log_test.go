package memory_test

import (
	"testing"

	"gatehouse/adapters/memory"
	"gatehouse/application/inventory"
	"gatehouse/domain/audit"
)

// A store does not grow without end by what strangers are refused.
func TestAuditLog_bounded(t *testing.T) {
	t.Parallel()
	s := memory.New()
	for range memory.MaxAuditEvents/1000 + 1 {
		if err := s.AuditLog.Append(t.Context(), make([]audit.Event, 1000)...); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := inventory.Collect(s.Records.AuditEvents(t.Context(), inventory.AuditFilter{}))
	if err != nil || len(kept) != memory.MaxAuditEvents || kept[0][0].Value != int64(1001) {
		t.Errorf("got %d events, %v, want the newest %d", len(kept), err, memory.MaxAuditEvents)
	}
}
