package bootstrap

import (
	"crypto/rand"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/source"
)

// cluster is what the Kubernetes agent server asks and reports.
var cluster = fx.Module("cluster", fx.Provide(KasSecret, Clusters, ClusterAgents, Findings))

// KasSecret opens the secret that kas signs its tokens with. While the routes of
// kas are off it returns nil.
func KasSecret(config config.Config, now application.Clock, log *zap.Logger) (*secretfile.Key, error) {
	if !config.Kas.Enabled {
		return nil, nil
	}
	return secretfile.OpenKas(config.Kas.SecretFile, config.Secrets.Strict, now, log)
}

// ClusterAgents makes the service that changes agents.
func ClusterAgents(unitOfWork clusters.UnitOfWork, reader clusters.Records, standings Standings, now application.Clock) *clusters.AgentService {
	return clusters.NewAgentService(unitOfWork, reader, standings, rand.Reader, now)
}

// KasAPI makes the routes of the Kubernetes agent server.
func KasAPI(config config.Config, secret *secretfile.Key, agents *clusters.Service, findings *findings.Service, now application.Clock) *kas.API {
	auth := kas.NewAuthenticator(secret.Bytes, config.Kas.JWTLeeway, config.Kas.RequireAud, config.Kas.RequireExp, now)
	return kas.New(auth, agents, findings)
}

// Clusters makes the service that answers kas.
func Clusters(config config.Config, agents clusters.Agents, directory gitaccess.Directory, counters clusters.UsageCounters, now application.Clock) (*clusters.Service, error) {
	known, err := storages(config.Gitaly)
	byName := map[string]clusters.Storage{}
	for name, s := range known {
		byName[name] = clusters.Storage(s)
	}
	rules := clusters.Rules{Storages: byName, Gitops: config.LicensedFeatures.ClusterAgentsGitops, Rollout: paths(config.Kas.Rollout)}
	return clusters.New(agents, directory, counters, rules, now), err
}

// Findings makes the service that keeps findings.
func Findings(config config.Config, kept findings.Findings, directory gitaccess.Directory, now application.Clock) (*findings.Service, error) {
	space, err := uuid.Parse(config.Findings.UUIDNamespace)
	if err != nil {
		return nil, fmt.Errorf("findings.uuid_namespace: %w", err)
	}
	return findings.New(kept, directory, findings.Rules{
		UUIDNamespace: space, SecurityDashboard: config.LicensedFeatures.SecurityDashboard, Except: paths(config.LicensedFeatures.SecurityDashboardExcept),
	}, now), nil
}

func paths(texts []string) (list source.Paths) {
	for _, text := range texts {
		list = append(list, source.Path(text))
	}
	return list
}
