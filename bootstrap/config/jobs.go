package config

import (
	"cmp"
	"time"
)

// Jobs is about work in the background.
type Jobs struct {
	// Workers is how many jobs this server does at once; 0 leaves them to other
	// servers. It begins as many every 100 ms at most.
	Workers int `koanf:"workers"`
	// PollInterval is how often this server looks for jobs.
	PollInterval time.Duration `koanf:"poll_interval"`
	// RetryDelay is how long a job waits after its first failure.
	RetryDelay time.Duration `koanf:"retry_delay"`
}

func defaultJobs() Jobs { return Jobs{Workers: 4, PollInterval: time.Second, RetryDelay: time.Second} }

func (j *Jobs) tidy() {
	j.PollInterval = cmp.Or(j.PollInterval, defaultJobs().PollInterval)
	j.RetryDelay = cmp.Or(j.RetryDelay, defaultJobs().RetryDelay)
}

// maxWorkers is the limit of River.
const maxWorkers = 10_000

func (j *Jobs) check(m *mistakes) {
	m.unless(0 <= j.Workers && j.Workers <= maxWorkers, "jobs.workers", "must be 0 to %d", maxWorkers)
	m.unless(j.PollInterval >= time.Millisecond, "jobs.poll_interval", "must be a millisecond or more")
	m.positive(j.RetryDelay, "jobs.retry_delay")
}
