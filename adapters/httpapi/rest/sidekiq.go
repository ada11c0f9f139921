package rest

import (
	"net/http"
	"time"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application"
	"gatehouse/application/inventory"
)

// sidekiqRoutes tell how the background jobs go, by the names that GitLab has for it: it
// does its jobs by Sidekiq.
var sidekiqRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/sidekiq/queue_metrics", Name: "getQueueMetrics", Summary: "Tell how many jobs wait in each queue",
		Who: call.Administrators, Answer: queueMetrics{},
	}, Handle: ofQueues(newQueueMetrics)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/sidekiq/process_metrics", Name: "getProcessMetrics", Summary: "List the processes that do jobs for this server, of which there are none but itself",
		Who: call.Administrators, Answer: processMetrics{},
	}, Handle: ofQueues(newProcessMetrics)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/sidekiq/job_stats", Name: "getJobStatistics", Summary: "Count the jobs that are kept",
		Who: call.Administrators, Answer: jobStatistics{},
	}, Handle: ofQueues(newJobStatistics)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/sidekiq/compound_metrics", Name: "getCompoundMetrics", Summary: "Tell of queues, processes and jobs",
		Who: call.Administrators, Answer: compoundMetrics{},
	}, Handle: ofQueues(newCompoundMetrics)},
}

// ofQueues answers with what is made of the queues.
func ofQueues[T any](answer func([]inventory.Queue) T) func(*API, *call.Call) (any, error) {
	return func(a *API, c *call.Call) (any, error) {
		queues, err := a.useCases.Queues(c.Context(), a.now())
		if err != nil {
			return nil, err
		}
		return answer(queues), nil
	}
}

// queueMetrics has a member for each queue.
type queueMetrics struct {
	Queues map[string]queueMetric `json:"queues"`
}

// queueMetric counts the jobs of a queue that wait, and for how many seconds the first one
// has been due.
type queueMetric struct {
	Backlog int64 `json:"backlog"`
	Latency int64 `json:"latency"`
}

func newQueueMetrics(queues []inventory.Queue) queueMetrics {
	out := queueMetrics{map[string]queueMetric{string(application.DefaultQueue): {}, string(application.WebhookQueue): {}}}
	for _, q := range queues {
		out.Queues[string(q.Name)] = queueMetric{q.Waiting, int64(q.Latency / time.Second)}
	}
	return out
}

// processMetrics are those of processes that only do jobs, of which there are none.
type processMetrics struct {
	Processes []noItem `json:"processes"`
}

func newProcessMetrics([]inventory.Queue) processMetrics { return processMetrics{[]noItem{}} }

// jobStatistics count the jobs of all queues.
type jobStatistics struct {
	Jobs jobCounts `json:"jobs"`
}

// jobCounts count jobs that are done, that were given up, and that wait.
type jobCounts struct {
	Processed int64 `json:"processed"`
	Failed    int64 `json:"failed"`
	Enqueued  int64 `json:"enqueued"`
}

func newJobStatistics(queues []inventory.Queue) (out jobStatistics) {
	for _, q := range queues {
		out.Jobs.Processed += q.Completed
		out.Jobs.Failed += q.Discarded
		out.Jobs.Enqueued += q.Waiting
	}
	return out
}

// compoundMetrics are all of them.
type compoundMetrics struct {
	queueMetrics
	processMetrics
	jobStatistics
}

func newCompoundMetrics(queues []inventory.Queue) compoundMetrics {
	return compoundMetrics{newQueueMetrics(queues), newProcessMetrics(queues), newJobStatistics(queues)}
}
