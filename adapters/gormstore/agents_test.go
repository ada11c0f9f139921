package gormstore_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/tests/world"
)

// cluster is an agent in a project, with the services that answer for it.
type cluster struct {
	*gormstore.Store
	clusters *clusters.Service
	findings *findings.Service
}

const clusterWorld = `
users: [{id: 3, username: dev}]
groups: [{id: 1, path: acme}]
projects: [{id: 7, path: acme/infra}]
members: [{user: dev, group: acme, role: developer}]
agents: [{id: 5, name: prod, project: acme/infra, created_by: dev, tokens: [{name: default, token: agent-token}]}]
`

func newCluster(t testing.TB, s *gormstore.Store) cluster {
	t.Helper()
	world.Apply(t, s.WorldImport, clusterWorld)
	clock := func() time.Time { return now }
	rules := clusters.Rules{Storages: map[string]clusters.Storage{"default": {Name: "default", Address: "unix:/s"}}, Gitops: true}
	return cluster{
		s, clusters.New(s.Agents, s.Directory, s.UsageCounters, rules, clock),
		findings.New(s.Findings, s.Directory, findings.Rules{UUIDNamespace: uuid.Nil, SecurityDashboard: true}, clock),
	}
}

// info is what one request for agent_info asks.
func (c cluster) info(ctx context.Context) error {
	b, err := c.clusters.Agent(ctx, "agent-token")
	if err == nil {
		_, err = c.clusters.AgentProject(b)
	}
	return err
}

// agent is the one of the world.
var agent = agents.Agent{ID: 5, Name: "prod", Project: 7, CreatedBy: 3}

// put reports one finding.
func (c cluster) put(ctx context.Context, name string) error {
	f := security.Finding{Title: name, Severity: "high", Location: "{}", Identifiers: []security.Identifier{{Type: "cve", Name: name}}}
	_, err := c.findings.Report(ctx, agent, f, security.Resource{Namespace: "n", Kind: "k", Name: "r"})
	return err
}

// found fills in findings of which each is active, and returns their uuids.
func (c cluster) found(t testing.TB, n int) []string {
	t.Helper()
	list := make([]string, n)
	var rows []string
	for i := range list {
		list[i] = fmt.Sprintf("%08d-a000-5000-8000-000000000000", i)
		rows = append(rows, fmt.Sprintf("('%s', 7, 5, 3, 'cluster_image_scanning', 'detected', 't', 'high', '', '', '', '{}', '[]', '', 'i', 'n', '', false, '2026-01-01 00:00:00+00:00')", list[i]))
	}
	const insert = `INSERT INTO findings (uuid, project_id, agent_id, author_id, report_type, state, title, severity,
		message, description, solution, location, identifiers, links, scanner_id, scanner_name, scanner_vendor, resolved_on_default_branch, detected_at) VALUES `
	for _, query := range []string{"DELETE FROM findings", insert + strings.Join(rows, ", "), "ANALYZE"} {
		if _, err := c.Pool().ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// TestStore_statements_agents counts what really goes to the database.
func TestStore_statements_agents(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s, counter := openCounted(t, d.migrated(t))
			c := newCluster(t, s)
			if err := c.put(t.Context(), "CVE-1"); err != nil {
				t.Fatal(err)
			}
			for _, step := range []struct {
				name string
				want int64
				do   func(context.Context) error
			}{
				{"agent_info", 1, func(ctx context.Context) error { return c.info(ctx) }},
				// It is private, and asked for without an actor: there may be a path of the past.
				{"project_info", 2, func(ctx context.Context) error { _, err := c.clusters.Project(ctx, agent, "acme/infra"); return err }},
				{"a known finding", 2, func(ctx context.Context) error { return c.put(ctx, "CVE-1") }},
				{"scan_result", 2, func(ctx context.Context) error { return c.findings.Resolve(ctx, agent, nil) }},
			} {
				for range 2 {
					before := counter.Load()
					if err := step.do(counted(t)); err != nil {
						t.Errorf("%s: %v", step.name, err)
					}
					if got := counter.Load() - before; got != step.want {
						t.Errorf("%s: got %d statements, want %d", step.name, got, step.want)
					}
				}
			}
		})
	}
}

// TestStore_ResolveFindings_memory compares a scan that looks at many findings
// with one that looks at few: what it takes must not depend on their number.
// It is not parallel: all that the process allocates counts.
func TestStore_ResolveFindings_memory(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			c := newCluster(t, open(t, d.migrated(t)))
			allocated := func(n int) uint64 {
				seen := c.found(t, n)[:10]
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if err := c.findings.Resolve(t.Context(), agent, seen); err != nil {
					t.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				return after.TotalAlloc - before.TotalAlloc
			}
			allocated(20) // prepares the statements
			if few, many := allocated(20), allocated(10_000); many > 3*few {
				t.Errorf("20 findings take %d bytes, 10,000 take %d", few, many)
			}
		})
	}
}

// TestStore_CountUsage_rollsBack lets the last step of a report fail: nothing of
// it stays.
func TestStore_CountUsage_rollsBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		if _, err := s.Pool().ExecContext(t.Context(), "DROP TABLE usage_members"); err != nil {
			t.Fatal(err)
		}
		err := s.UsageCounters.Add(t.Context(), agents.UsageReport{
			Increments:   []agents.Increment{{Counter: agents.GitopsSync, By: 1}},
			UniqueCounts: []agents.UniqueCount{{Counter: agents.CITunnelUsers, IDs: []int64{1}}},
		})
		if err == nil {
			t.Error("no error")
		}
		var rows int
		if err := s.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM usage_counters").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("got %d rows, %v, want none", rows, err)
		}
	})
}

// TestStore_AddFinding_rollsBack does the same for a finding.
func TestStore_AddFinding_rollsBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		c := newCluster(t, s)
		if _, err := s.Pool().ExecContext(t.Context(), "ALTER TABLE agents RENAME COLUMN has_vulnerabilities TO lost"); err != nil {
			t.Fatal(err)
		}
		if err := c.put(t.Context(), "CVE-1"); err == nil {
			t.Error("no error")
		}
		var rows int
		if err := s.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM findings").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("got %d rows, %v, want none", rows, err)
		}
	})
}

func BenchmarkAgentInfo(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		c := newCluster(b, s)
		b.ReportAllocs()
		for b.Loop() {
			if err := c.info(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkKnownFinding(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		c := newCluster(b, s)
		b.ReportAllocs()
		for b.Loop() {
			if err := c.put(b.Context(), "CVE-1"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkNewFinding(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		c := newCluster(b, s)
		for i := 0; b.Loop(); i++ {
			if err := c.put(b.Context(), fmt.Sprint("CVE-", i)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkScanResult looks at 1,000 and at 10,000 findings. All are
// still there, or the half is gone.
func BenchmarkScanResult(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		c := newCluster(b, s)
		for _, n := range []int{1_000, 10_000} {
			all := c.found(b, n)
			b.Run(fmt.Sprint(n, " seen"), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := c.findings.Resolve(b.Context(), agent, all); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprint(n, " half gone"), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					c.found(b, n)
					b.StartTimer()
					if err := c.findings.Resolve(b.Context(), agent, all[:n/2]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}

func BenchmarkCountUsage(b *testing.B) {
	report := agents.UsageReport{
		Increments:   []agents.Increment{{Counter: agents.GitopsSync, By: 1}, {Counter: agents.ProxyRequest, By: 1}},
		UniqueCounts: []agents.UniqueCount{{Counter: agents.CITunnelUsers, IDs: []int64{1, 2, 3}}},
	}
	long := agents.UsageReport{UniqueCounts: []agents.UniqueCount{{Counter: agents.ProxyUsersViaCI}}}
	for id := range int64(20_000) {
		long.UniqueCounts[0].IDs = append(long.UniqueCounts[0].IDs, id)
	}
	for name, report := range map[string]agents.UsageReport{"short": report, "long": long} {
		b.Run(name, func(b *testing.B) {
			each(b, func(b *testing.B, s *gormstore.Store) {
				for b.Loop() {
					if err := s.UsageCounters.Add(b.Context(), report); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// TestStore_AgentBearer_plan holds the statement to probes of indexes.
func TestStore_AgentBearer_plan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		c := newCluster(t, s)
		for _, query := range []string{
			"INSERT INTO agent_tokens (agent_id, name, digest, revoked) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT 5, 'x', 'digest' || i, false FROM n",
			"ANALYZE",
		} {
			if _, err := c.Pool().ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		digest := string(identity.DigestToken("agent-token"))
		if strings.HasSuffix(t.Name(), "sqlite") {
			for _, step := range sqlitePlan(t, s, s.AgentBearerQuery(), []any{digest}) {
				if strings.HasPrefix(step, "SCAN t") {
					t.Error(step)
				}
			}
			return
		}
		postgresPlan(t, s, s.AgentBearerQuery(), []any{digest}).each(func(n planNode) {
			if n.Type == "Seq Scan" && n.Relation == "agent_tokens" {
				t.Errorf("%s of %s", n.Type, n.Relation)
			}
		})
	})
}
